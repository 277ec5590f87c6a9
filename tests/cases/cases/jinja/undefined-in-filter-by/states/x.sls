{% set t = salt['grains.filter_by']({'Debian': {'a': 1, 'u': nowhere, 'l': [1, nowhere]}, 'default': {'b': nowhere}}) %}
{{ t.a }} {{ t.u is defined }} {{ t.l | length }} {{ t.l[1] is defined }}
{% set m = salt['grains.filter_by']({'Debian': {'a': 1, 'u': nowhere, 'd': {'x': 1}}}, merge={'a': 2, 'd': {'y': 2}}) %}
{{ m.a }} {{ m.u is defined }} {{ m.d.x }}{{ m.d.y }}
{% set b = salt['grains.filter_by']({'Debian': {'a': 1, 'u': nowhere}, 'default': {'v': nowhere, 'c': 3}}, base='default') %}
{{ b.a }} {{ b.c }} {{ b.u is defined }} {{ b.v is defined }}
