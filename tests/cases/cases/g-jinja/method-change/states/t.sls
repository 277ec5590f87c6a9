{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'hello'.replace('l', 'L') }}
2: {{ 'hello'.replace('l', 'L', 1) }}
3: {{ 'hello'.upper() }}
4: {{ 'HELLO'.lower() }}
5: {{ 'hello world'.title() }}
6: {{ 'hELLO'.swapcase() }}
7: {{ 'hello'.capitalize() }}
8: {{ 'ß'.casefold() }}
9: {{ 'a\tb'.expandtabs(4) }}
10: {{ 'abc'.translate({97: 'x'}) }}
