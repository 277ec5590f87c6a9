{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '/a/b' | path_join('c', 'd') }}
2: {{ ['/a', 'b'] | path_join if false else 'x' }}
3: {{ '/nosuch' | is_empty if false else 'x' }}
4: {{ 'sh' | which is string }}
5: {{ 'root' | get_uid }}
