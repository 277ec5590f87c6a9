{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
{% macro f(a, b=2, c=a|default('z')) %}{{ a }}-{{ b }}-{{ c }}-{{ varargs }}-{{ kwargs }}{% endmacro %}{{ f(1) }}
{{ f(1, 3) }}
{{ f(1, 3, 4, 5, 6) }}
{{ f(a=1, q=9) }}
{{ f.name }} {{ f.arguments }}
{% macro g() %}<{{ caller('x') }}>{% endmacro %}{% call(v) g() %}in {{ v }}{% endcall %}
{% macro h() -%}
  trimmed
{%- endmacro %}[{{ h() }}]
