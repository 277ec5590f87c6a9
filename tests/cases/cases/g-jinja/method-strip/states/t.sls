{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '  x '.strip() }}
2: {{ 'xxaxx'.strip('x') }}
3: {{ 'xxaxx'.lstrip('x') }}
4: {{ 'xxaxx'.rstrip('x') }}
5: {{ '/a/b/'.strip('/') }}
6: {{ 'prefix-a'.removeprefix('prefix-') }}
7: {{ 'a.txt'.removesuffix('.txt') }}
