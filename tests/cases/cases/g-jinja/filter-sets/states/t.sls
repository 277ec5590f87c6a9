{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ [1, 2, 3] | intersect([2, 3, 4]) }}
2: {{ [1, 2] | union([2, 3]) }}
3: {{ [1, 2, 3] | difference([2]) }}
4: {{ [1, 2] | symmetric_difference([2, 3]) }}
5: {{ [{'a': 1}, {'b': 2}] | difference([{'a': 1}]) }}
6: {{ [{'a': 1}] | union([{'a': 1}, {'c': 3}]) }}
