{% set m = salt['grains.filter_by']({'Debian': {'a': 1, 'u': nowhere}}, merge={'u': 'now'}) %}
{{ m.a }} {{ m.u }}
