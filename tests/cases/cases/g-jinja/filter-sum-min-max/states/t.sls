{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ nums | sum }}
2: {{ people | sum(attribute='age') }}
3: {{ nums | sum(start=100) }}
4: {{ nums | min }}
5: {{ nums | max }}
6: {{ words | min }}
7: {{ words | max }}
8: {{ [1.5, 2] | sum }}
9: {{ nums | avg }}
10: {{ [] | sum }}
11: {{ 5 | avg }}
