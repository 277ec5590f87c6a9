{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'a\nb\n\nc' | indent }}
2: {{ 'a\nb' | indent(2) }}
3: {{ 'a\nb' | indent(2, true) }}
4: {{ 'a\n\nb' | indent(2, blank=true) }}
5: {{ 'a\nb' | indent('> ') }}
6: {{ 'a\nb\n' | indent(width=3, first=True) }}
