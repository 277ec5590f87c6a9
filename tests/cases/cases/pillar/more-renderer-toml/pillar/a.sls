#!jinja|toml
a = {{ 1 + 1 }}
[t.u]
l = [1, 2.5, true]
d = 2026-01-02
