states_a:
  test.nop
