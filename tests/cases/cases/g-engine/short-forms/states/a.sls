a: test.nop
b:
  test.nop: []
c:
  test:
    - nop
d:
  test:
    - nop
    - v: 1
