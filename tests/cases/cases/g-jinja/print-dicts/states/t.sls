{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ {} }}
2: {{ {'a': 1} }}
3: {{ {'a': 'x', 'b': 'y\nz'} }}
4: {{ {'a': {'b': ['c', 'd']}} }}
5: {{ {1: 2, none: 3, true: 4, 1.5: 5} }}
6: {{ {'a': none, 'b': true} }}
7: {{ {'q': 'it\'s'} }}
8: {{ {'t': 'a\tb', 'u': 'é'} }}
9: {{ {'l': ['x\ny']} }}
10: {{ {(1, 2): 'tuple'} }}
11: {{ {'n': {'m': 'v'}} }}
12: {{ {'e': '', 'c': 'a: b #c'} }}
