{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
{% import_yaml 'd.yaml' as y %}{{ y }}
{% import_json 'd.json' as j %}{{ j }}
{% import_text 'd.txt' as t %}{{ t }}
{% load_yaml as l %}
a: {{ 1 + 1 }}
b: [x, y]
{% endload %}{{ l.a }} {{ l.b }}
{% load_json as lj %}{"k": [1]}{% endload %}{{ lj.k }}
{% load_text as lt %} text {% endload %}[{{ lt }}]
