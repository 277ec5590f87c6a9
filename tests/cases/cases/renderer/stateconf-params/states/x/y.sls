#!stateconf yaml . jinja
.params:
  stateconf.set:
    - port: 80
    - name: web
# --- end of state config ---
.show:
  test.configurable_test_state:
    - name: "{{ params.port }} {{ params.name }}"
    - result: True
    - changes: False
