#!jinja|json
{"a": {{ 1 + 1 }}, "s": "{{ sls }}"}
