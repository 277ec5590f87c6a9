base:
{% for r in grains.roles %}
  'roles:{{ r }}':
    - match: grain
    - {{ {'web': 'a', 'db': 'b'}[r] }}
{% endfor %}
