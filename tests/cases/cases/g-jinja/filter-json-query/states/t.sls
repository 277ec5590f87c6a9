{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ people | json_query('[].n') }}
2: {{ people | json_query('[?age==`30`].n') }}
3: {{ d | json_query('a.x[0]') }}
4: {{ people | json_query('length(@)') }}
5: {{ people | json_query('max_by(@, &age).n') }}
6: {{ people | json_query('[].{name: n, years: age}') }}
7: {{ people | json_query('sort_by(@, &age)[0].n') }}
8: {{ words | json_query('join(`,`, @)') }}
