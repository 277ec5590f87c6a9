# A file was written by somebody: apply the state that knows what is to be in it.
{% if data.get('change') in ('IN_CLOSE_WRITE', 'IN_MODIFY') %}
heal the file:
  local.state.apply:
    - tgt: {{ data['id'] }}
    - args:
      - mods: notice
{% endif %}
