{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 0 | strftime('%Y-%m-%d %H:%M:%S') }}
2: {{ '2002/12/25' | strftime }}
3: {{ '2002-12-25T10:11:12' | strftime('%d.%m.%y') }}
4: {{ 1457456400 | strftime('%Y') }}
5: {{ '2016-02-29' | date_format }}
6: {{ 1000000000 | date_format('%A %B %j') }}
