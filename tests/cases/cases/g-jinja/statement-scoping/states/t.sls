{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
{% macro m() %}{{ words | length }}{{ inner | default('?') }}{% endmacro %}{% set inner = 1 %}{{ m() }}
{% for i in [1, 2] %}{% set acc = i %}{{ acc }}{% endfor %}{{ acc | default('none') }}
{% with %}{% set w = 1 %}{% endwith %}{{ w | default('none') }}
{% set f = [] %}{% for i in [1, 2] %}{% do f.append(i * 2) %}{% endfor %}{{ f }}
{% block b %}{{ words | length }}{% endblock %}
