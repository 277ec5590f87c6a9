{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'abc'.startswith('a') }}
2: {{ 'abc'.startswith(('x', 'a')) }}
3: {{ 'abc'.endswith('bc') }}
4: {{ '12'.isdigit() }}
5: {{ '1.2'.isdigit() }}
6: {{ 'ab'.isalpha() }}
7: {{ 'a1'.isalnum() }}
8: {{ ' '.isspace() }}
9: {{ 'AB'.isupper() }}
10: {{ 'ab'.islower() }}
11: {{ 'Ab Cd'.istitle() }}
12: {{ 'ab'.isidentifier() }}
13: {{ '²'.isdigit() }}
14: {{ '½'.isnumeric() }}
15: {{ '5'.isdecimal() }}
16: {{ 'abc'.startswith('b', 1) }}
