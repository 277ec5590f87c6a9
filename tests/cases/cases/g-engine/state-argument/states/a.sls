a:
  test.nop:
    - state: other
    - fun: thing
