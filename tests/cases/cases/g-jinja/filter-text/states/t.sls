{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ text | wordcount }}
2: {{ text | truncate(10) }}
3: {{ text | truncate(10, true) }}
4: {{ text | truncate(12, false, '~') }}
5: {{ text | truncate(60, leeway=0) }}
6: {{ text | wordwrap(10) }}
7: {{ 'abcdefghij' | wordwrap(4) }}
8: {{ text | center(60) | length }}
9: {{ 'x' | center(5) }}
10: {{ text | striptags }}
11: {{ text | escape }}
12: {{ '<b>' | e }}
13: {{ '<b>' | forceescape }}
14: {{ 'a b/ü' | urlencode }}
15: {{ {'a': 'b c', 'd': 1} | urlencode }}
16: {{ 'see http://x.y/z now' | urlize }}
