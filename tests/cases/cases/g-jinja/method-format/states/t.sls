{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '{}-{}'.format(1, 'b') }}
2: {{ '{1}{0}'.format('a', 'b') }}
3: {{ '{x:>5}|'.format(x=3) }}
4: {{ '{:05.1f}'.format(2.345) }}
5: {{ '{0[a]}'.format({'a': 5}) }}
6: {{ '{!r}'.format('q') }}
7: {{ '{:,}'.format(1234567) }}
8: {{ '{{}}'.format() }}
9: {{ '{:x} {:b} {:o}'.format(255, 5, 8) }}
10: {{ '{:<4}|{:^5}|'.format('a', 'b') }}
11: {{ '{:%}'.format(0.25) }}
12: {{ '{:+d}'.format(5) }}
