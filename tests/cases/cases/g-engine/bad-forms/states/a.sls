a:
  test.nop:
b:
  test:
    - v: 1
c:
  test.nop:
    - succeed_with_changes
