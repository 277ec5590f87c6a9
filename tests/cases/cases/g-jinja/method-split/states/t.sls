{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'a,b,,c'.split(',') }}
2: {{ ' a  b '.split() }}
3: {{ 'a b c'.split(' ', 1) }}
4: {{ 'a b c'.rsplit(' ', 1) }}
5: {{ 'a\nb\r\nc'.splitlines() }}
6: {{ 'a\nb'.splitlines(true) }}
7: {{ 'k=v=w'.partition('=') }}
8: {{ 'k=v=w'.rpartition('=') }}
9: {{ ''.split(',') }}
10: {{ ''.split() }}
11: {{ 'a,b'.split(',', maxsplit=1) }}
