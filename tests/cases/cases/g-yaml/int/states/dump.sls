{% import_yaml 'd.yaml' as d %}
{{ d | yaml(False) }}
---
{{ d | yaml }}
---
{{ salt['slsutil.serialize']('yaml', d) }}
---
{{ d | json }}
