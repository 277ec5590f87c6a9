run:
  module.run:
    - pillar.get:
      - secret
run2:
  module.run:
    - pillar.items: []
slot:
  test.configurable_test_state:
    - name: __slot__:salt:pillar.get(secret)
    - result: True
    - changes: False
tmpl:
  test.configurable_test_state:
    - name: "{{ salt['pillar.get']('secret') }}"
    - result: True
    - changes: False
only:
  test.nop:
    - onlyif:
      - fun: match.pillar
        tgt: 'secret:hunter2'
