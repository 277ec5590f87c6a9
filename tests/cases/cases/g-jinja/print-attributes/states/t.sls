{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ d.a.z }}
2: {{ d['a']['z'] }}
3: {{ people[0].n }}
4: {{ people.0.n }}
5: {{ d.a['x'].0 }}
6: {{ d.C }}
7: {{ words.0 }}
8: {{ loop is defined }}
9: {{ salt is defined }}
10: {{ grains is defined }}
11: {{ grains.id }}
12: {{ opts.id }}
13: {{ sls | default('no sls') }}
14: {{ saltenv }}
