a:
  test.nop:
    - order: last
b:
  test.nop:
    - order: 1
    - require:
      - test: c
c:
  test.nop
d:
  test.nop:
    - order: first
