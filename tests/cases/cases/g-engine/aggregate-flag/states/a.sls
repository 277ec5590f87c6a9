a:
  test.nop:
    - aggregate: True
b:
  test.nop:
    - aggregate: True
