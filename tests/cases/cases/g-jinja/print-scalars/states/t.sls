{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ none }}
2: {{ true }}
3: {{ false }}
4: {{ 1 }}
5: {{ 1.0 }}
6: {{ 1.50 }}
7: {{ 1e100 }}
8: {{ 'text' }}
9: {{ '' }}
10: {{ 10000000000000000000000 }}
11: {{ 1 / 3 }}
12: {{ 2.0 ** 60 }}
13: {{ 1e15 }}
14: {{ 123e-7 }}
