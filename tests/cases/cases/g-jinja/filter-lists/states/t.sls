{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ words | is_list }}
2: {{ 'x' | is_list }}
3: {{ words | is_iter }}
4: {{ 5 | is_iter }}
5: {{ words | compare_lists(['beta']) }}
6: {{ {'a': 1} | compare_dicts({'a': 2}) }}
7: {{ 'lph' | substring_in_list(words) }}
8: {{ words | sorted_ignorecase }}
9: {{ [1, 0, 1] | exactly_n_true(2) }}
10: {{ [0, 1] | exactly_one_true }}
11: {{ ['a*'] | check_whitelist_blacklist }}
12: {{ 'abc' | check_whitelist_blacklist(whitelist=['a*']) }}
13: {{ 'abc' | check_whitelist_blacklist(blacklist=['a*']) }}
