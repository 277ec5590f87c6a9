{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ [1, 2, 3] | combinations(2) | list }}
2: {{ [1, 2] | combinations_with_replacement(2) | list }}
3: {{ [1, 2, 3] | permutations(2) | list | length }}
4: {{ [1, 2] | product(['a', 'b']) | list }}
5: {{ [1, 2] | zip(['a', 'b']) | list }}
6: {{ [1, 2, 3] | zip_longest(['a'], fillvalue='-') | list }}
7: {{ 'ABC' | compress([1, 0, 1]) | list }}
8: {{ [1] | zip([2], [3]) | list }}
