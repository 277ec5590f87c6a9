{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'a"b' | yaml_dquote }}
2: {{ "a'b" | yaml_squote }}
3: {{ 'a: b' | yaml_encode }}
4: {{ 5 | yaml_encode }}
5: {{ true | yaml_encode }}
6: {{ none | yaml_encode }}
7: {{ 'é\t' | yaml_dquote }}
8: {{ 'x' | yaml_encode }}
9: {{ 1.5 | yaml_encode }}
10: {{ 'yes' | yaml_encode }}
