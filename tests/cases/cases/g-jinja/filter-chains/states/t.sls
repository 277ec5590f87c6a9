{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ words | map('lower') | unique | sort | join(',') }}
2: {{ (words | length) + (nums | sum) }}
3: {{ nums | map('abs') | select('divisibleby', 2) | list }}
4: {{ -nums | first if false else 'x' }}
5: {{ words[1:3] | join('+') }}
6: {{ nums[::-1] | join }}
7: {{ (nums | sort)[0] }}
8: {{ '%s' % words | join(' ') }}
9: {{ text.split() | map('length') | max }}
