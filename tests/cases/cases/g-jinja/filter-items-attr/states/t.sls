{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ {'a': 1} | items | list }}
2: {{ d.a | attr('keys') is defined }}
3: {{ people[0] | attr('n') is defined }}
4: {{ nosuch | items | list if false else 'skip' }}
5: {{ words | map('length') | sum }}
6: {{ [1, 2] | list }}
7: {{ 'ab' | list }}
8: {{ {'a': 1} | list }}
9: {{ words | tojson | length }}
