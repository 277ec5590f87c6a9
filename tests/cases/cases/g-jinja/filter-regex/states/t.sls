{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'abc123' | regex_replace('[0-9]+', '#') }}
2: {{ 'a.b' | regex_escape }}
3: {{ 'foo bar' | regex_search('(o+) (b)') }}
4: {{ 'foo' | regex_search('x') }}
5: {{ 'foo' | regex_search('o') }}
6: {{ 'foobar' | regex_match('foo(.*)') }}
7: {{ 'xfoo' | regex_match('foo') }}
8: {{ 'FOO' | regex_match('(f)', ignorecase=True) }}
9: {{ 'a\nb' | regex_search('^(b)', multiline=True) }}
10: {{ 'yaml' | regex_replace('(.)a', '\\1A') }}
11: {{ 'aBc' | regex_replace('b', 'x', ignorecase=True) }}
