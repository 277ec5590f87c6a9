# A service that ought to run was stopped. `service.running` would do as well; it leaves services alone on a machine
# with systemctl on which systemd does not run, as containers often are.
{% if not data[data['service_name']]['running'] %}
start the service:
  local.service.start:
    - tgt: {{ data['id'] }}
    - args:
      - name: {{ data['service_name'] }}
{% endif %}
