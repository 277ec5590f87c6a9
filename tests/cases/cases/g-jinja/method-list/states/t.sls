{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ words.index('gamma') }}
2: {{ [1, 1, 2].count(1) }}
3: {{ words + ['z'] }}
4: {{ [0] * 3 }}
5: {{ words[0] }}
6: {{ words[-1] }}
7: {{ words[1:] }}
8: {{ words[:-1] }}
9: {{ 'beta' in words }}
10: {{ [1, 2] == [1, 2] }}
11: {{ [1, 2] < [1, 3] }}
12: {{ words.copy() }}
13: {{ (1, 2)[0] }}
14: {{ (1, 2) + (3,) }}
15: {{ words[::2] }}
16: {{ words[5:] }}
