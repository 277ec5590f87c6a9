{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 1 and 2 }}
2: {{ 0 or 'x' }}
3: {{ not '' }}
4: {{ none or [] or 'z' }}
5: {{ 1 if true else 2 }}
6: {{ 'a' if false }}
7: {{ 1 in [1, 2] and 'y' }}
8: {{ not (1 > 2) }}
9: {{ 'a' ~ 1 ~ none ~ true }}
10: {{ 1 > 2 or 3 }}
11: {{ '' and nosuch }}
12: {{ words and words[0] }}
13: {{ not nosuch is defined }}
