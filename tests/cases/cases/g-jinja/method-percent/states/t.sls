{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '%s' % 'a' }}
2: {{ '%s %s' % ('a', 1) }}
3: {{ '%d' % 3.9 }}
4: {{ '%(k)s' % {'k': 'v'} }}
5: {{ '%5.1f|' % 2.25 }}
6: {{ '%s' % [1, 2] }}
7: {{ '%x' % 255 }}
8: {{ '%c' % 65 }}
9: {{ '%s' % none }}
10: {{ '%r' % 'a' }}
11: {{ '%03d' % 7 }}
12: {{ '%-4s|' % 'a' }}
