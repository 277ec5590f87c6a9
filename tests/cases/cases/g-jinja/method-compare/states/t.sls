{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'a' < 'b' }}
2: {{ 'B' < 'a' }}
3: {{ 1 < 1.5 }}
4: {{ [1] == (1,) }}
5: {{ none == false }}
6: {{ 0 == false }}
7: {{ '' == none }}
8: {{ {'a': 1} != {'a': 2} }}
9: {{ '1' == 1 }}
10: {{ 1 != 1.0 }}
11: {{ (1, 2) < (1, 3) }}
12: {{ 'a' in {'a': 1} }}
13: {{ none is none and none == none }}
