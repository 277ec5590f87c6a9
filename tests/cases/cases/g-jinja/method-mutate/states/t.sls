{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ words.append('x') }}
2: {{ words }}
3: {{ words.extend(['y', 'z']) }}
4: {{ words }}
5: {{ words.pop() }}
6: {{ words.pop(0) }}
7: {{ words.insert(1, 'i') }}
8: {{ words }}
9: {{ words.remove('i') }}
10: {{ words.reverse() }}
11: {{ words }}
12: {{ words.sort() }}
13: {{ words }}
14: {{ words.clear() }}
15: {{ words }}
