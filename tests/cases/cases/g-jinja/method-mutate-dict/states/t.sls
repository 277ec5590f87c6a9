{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ d.update({'n': 1}) }}
2: {{ d | length }}
3: {{ d.pop('n') }}
4: {{ d.pop('q', 'none') }}
5: {{ d.setdefault('s', []) }}
6: {{ d.setdefault('b', 5) }}
7: {{ d.s.append(4) }}
8: {{ d.s }}
9: {{ d.popitem() }}
10: {{ d.update(k=1, l=2) }}
11: {{ d.l }}
12: {{ d.clear() }}
13: {{ d }}
