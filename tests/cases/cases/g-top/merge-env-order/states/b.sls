states_b:
  test.nop
