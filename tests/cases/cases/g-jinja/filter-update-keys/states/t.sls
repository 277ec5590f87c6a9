{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ {} | set_dict_key_value('a:b:c', 1) }}
2: {{ {'a': {'b': [1]}} | append_dict_key_value('a:b', 2) }}
3: {{ {'a': [1]} | extend_dict_key_value('a', [2, 3]) }}
4: {{ {'a': {'b': 1}} | update_dict_key_value('a', {'c': 2}) }}
5: {{ {} | set_dict_key_value('x.y', 1, delimiter='.') }}
6: {{ {} | append_dict_key_value('l', 1) }}
