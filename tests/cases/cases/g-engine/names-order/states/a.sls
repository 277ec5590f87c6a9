a:
  test.nop:
    - names: [q, p]
    - order: 2
b:
  test.nop:
    - order: 1
