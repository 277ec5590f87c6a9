{% set m = salt['grains.filter_by']({'Debian': {'a': 1, 'u': nowhere}}) %}
{{ m.u }}
