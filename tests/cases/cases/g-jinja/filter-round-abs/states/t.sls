{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 2.567 | round }}
2: {{ 2.567 | round(2) }}
3: {{ 2.5 | round }}
4: {{ 3.5 | round }}
5: {{ 2.1 | round(method='ceil') }}
6: {{ 2.9 | round(0, 'floor') }}
7: {{ -4 | abs }}
8: {{ 25 | round(-1) }}
9: {{ 2.5 | round | int }}
10: {{ 1234.5678 | round(1, 'ceil') }}
