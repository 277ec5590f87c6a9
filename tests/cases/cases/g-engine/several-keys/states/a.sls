a:
  test.nop:
    - v: 1
      w: 2
    - x: 3
