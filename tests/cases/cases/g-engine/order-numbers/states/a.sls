s0:
  test.nop:
    - order: 5
s1:
  test.nop:
    - order: last
s2:
  test.nop:
    - order: first
s3:
  test.nop:
    - order: -1
s4:
  test.nop:
    - order: 1
s5:
  test.nop:
    - order: '3'
s6:
  test.nop:
    - order: 2.5
s7:
  test.nop:
    - order: -5
s8:
  test.nop:
    - order: 10001
plain:
  test.nop
