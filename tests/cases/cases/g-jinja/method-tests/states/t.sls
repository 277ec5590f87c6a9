{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 1 is odd }}
2: {{ 2 is even }}
3: {{ 4 is divisibleby(2) }}
4: {{ none is none }}
5: {{ true is boolean }}
6: {{ 1 is number }}
7: {{ 1.0 is float }}
8: {{ 1 is integer }}
9: {{ 'a' is string }}
10: {{ [] is iterable }}
11: {{ {} is mapping }}
12: {{ [] is sequence }}
13: {{ 'a' is sequence }}
14: {{ words is list }}
15: {{ (1, 2) is list }}
16: {{ nosuch is undefined }}
17: {{ 'abc' is match('a') }}
18: {{ 'abc' is match('b') }}
19: {{ 'A' is upper }}
20: {{ 'a' is lower }}
21: {{ 1 is sameas 1 }}
22: {{ true is true }}
23: {{ false is false }}
24: {{ 1 is eq 1 }}
25: {{ 1 is ne 2 }}
26: {{ 2 is gt 1 }}
27: {{ 1 is le 1 }}
28: {{ 1 is in [1] }}
29: {{ d is callable }}
30: {{ 'a' is escaped }}
31: {{ 'upper' is filter }}
32: {{ 'odd' is test }}
33: {{ 5 is not string }}
