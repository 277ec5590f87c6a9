{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ range(3) | list }}
2: {{ range(1, 10, 3) | list }}
3: {{ range(5, 0, -2) | list }}
4: {{ range(3) }}
5: {{ dict(x=1).x }}
6: {{ namespace(a=1).a }}
7: {{ [1, 2, 3] | length == range(3) | length }}
8: {{ cycler('a', 'b').next() }}
9: {{ joiner(', ')() }}
10: {{ lipsum(n=1) | length > 10 }}
11: {{ odict([('a', 1)]) | length }}
