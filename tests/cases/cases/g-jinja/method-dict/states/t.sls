{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ d.keys() | list }}
2: {{ d.values() | list | length }}
3: {{ d.items() | list | length }}
4: {{ d.get('b') }}
5: {{ d.get('q') }}
6: {{ d.get('q', 'x') }}
7: {{ d.a.get('x')[0] }}
8: {{ 'b' in d }}
9: {{ 3 in d }}
10: {{ d[3] }}
11: {{ {'a': 1}.copy() }}
12: {{ dict(a=1, b=2) }}
13: {{ dict([['a', 1]]) }}
14: {{ dict({'a': 1}, b=2) }}
15: {{ {'a': 1} == {'a': 1} }}
16: {{ d.keys() }}
17: {{ {'a': 1}.items() }}
18: {{ {}.fromkeys(['a', 'b'], 0) }}
