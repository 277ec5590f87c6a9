{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'yes' | to_bool }}
2: {{ 'True' | to_bool }}
3: {{ '1' | to_bool }}
4: {{ 'on' | to_bool }}
5: {{ 'no' | to_bool }}
6: {{ 0 | to_bool }}
7: {{ 3 | to_bool }}
8: {{ [] | to_bool }}
9: {{ [1] | to_bool }}
10: {{ none | to_bool }}
11: {{ '' | to_bool }}
12: {{ -1 | to_bool }}
