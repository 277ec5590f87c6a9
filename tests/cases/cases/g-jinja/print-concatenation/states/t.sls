{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'x' ~ [1, 'a'] }}
2: {{ 'x' ~ {'a': 1} }}
3: {{ [1] ~ [2] }}
4: {{ '%s' % {'a': 'b'} }}
5: {{ none ~ 1 }}
6: {{ 1.0 ~ '' }}
7: {{ true ~ false }}
8: {{ ('a' ~ 'b') * 2 }}
9: {{ {'a': [1, 'x']} | string }}
10: {{ [none, 'q'] | string }}
11: {{ (1, 2) ~ '' }}
