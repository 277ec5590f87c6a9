{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 5 | string }}
2: {{ 1.0 | string }}
3: {{ none | string }}
4: {{ [1, 'a'] | string }}
5: {{ '42' | int }}
6: {{ '42.9' | int }}
7: {{ 'x' | int }}
8: {{ 'x' | int(7) }}
9: {{ '0x1f' | int(base=16) }}
10: {{ '0b11' | int(0, 2) }}
11: {{ '1.5' | float }}
12: {{ 'x' | float }}
13: {{ 'x' | float(2.5) }}
14: {{ 3 | float }}
15: {{ true | int }}
16: {{ '1e3' | float }}
17: {{ none | int(9) }}
18: {{ ' 12 ' | int }}
