{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '%s-%s' | format('a', 1) }}
2: {{ '%05.2f|%x|%o|%e' | format(3.14159, 255, 8, 12345.678) }}
3: {{ '%(a)s' | format(a='k') }}
4: {{ '%-5s|%5s|%+d' | format('a', 'b', 3) }}
5: {{ '%%' | format }}
6: {{ '%r %s' | format('q', none) }}
