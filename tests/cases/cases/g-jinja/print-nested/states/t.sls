{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ d }}
2: {{ people }}
3: {{ d.a }}
4: {{ [d.a, d.a] }}
5: {{ {'outer': d.a} }}
6: {{ people[0] }}
7: {{ [people[0].tags, words] }}
8: {{ {'k': words} }}
9: {{ [{'a': 'x\ny'}] }}
10: {{ {'a': [{'b': 'c\nd'}]} }}
