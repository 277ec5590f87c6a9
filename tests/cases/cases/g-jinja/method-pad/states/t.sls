{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'a'.ljust(3, '-') }}
2: {{ 'a'.rjust(3, '-') }}
3: {{ 'a'.center(4, '*') }}
4: {{ '7'.zfill(3) }}
5: {{ '-7'.zfill(4) }}
6: {{ 'abc'.ljust(2) }}
