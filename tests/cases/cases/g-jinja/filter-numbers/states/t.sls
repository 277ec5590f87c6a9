{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '5' | to_num }}
2: {{ '5.5' | to_num }}
3: {{ 'x' | to_num }}
4: {{ '0x1F' | is_hex }}
5: {{ 'zz' | is_hex }}
6: {{ '1 KiB' | human_to_bytes }}
7: {{ '32GB' | human_to_bytes }}
8: {{ '32GB' | human_to_bytes(handle_metric=True) }}
9: {{ '32' | human_to_bytes(default_unit='GiB') }}
10: {{ '5' | str_to_num }}
11: {{ 1048576 | filesizeformat }}
12: {{ 1000 | filesizeformat }}
13: {{ 1048576 | filesizeformat(true) }}
