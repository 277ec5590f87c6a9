a:
  test.nop:
    - parallel: True
b:
  test.fail_without_changes:
    - parallel: True
c:
  test.nop:
    - require:
      - test: a
d:
  test.nop:
    - require:
      - test: b
