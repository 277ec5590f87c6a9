{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ d.a | yaml }}
2: {{ d.a | yaml(False) }}
3: {{ d.a | json }}
4: {{ d.a | tojson }}
5: {{ words | yaml }}
6: {{ words | yaml(False) }}
7: {{ '<a> & \'b\'' | tojson }}
8: {{ 'é' | json }}
9: {{ 'é' | tojson }}
10: {{ none | yaml }}
11: {{ true | yaml }}
12: {{ 'yes' | yaml }}
13: {{ '1' | yaml }}
14: {{ 1.0 | json }}
15: {{ {'b': 1, 'a': 2} | json }}
16: {{ {'b': 1, 'a': 2} | json(sort_keys=False) }}
17: {{ d.a | json(indent=2) }}
18: {{ d.a | tojson(indent=2) }}
19: {{ 'multi\nline' | yaml }}
20: {{ '' | yaml }}
