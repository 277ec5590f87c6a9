{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ 'abc' | md5 }}
2: {{ 'abc' | sha1 }}
3: {{ 'abc' | sha256 }}
4: {{ 'abc' | sha512 }}
5: {{ 'abc' | base64_encode }}
6: {{ 'YWJj' | base64_decode }}
7: {{ 'get salted' | hmac('shared secret', 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ=') }}
8: {{ 'get salted' | hmac_compute('shared secret') }}
9: {{ 'abc' | uuid }}
10: {{ 'é' | md5 }}
