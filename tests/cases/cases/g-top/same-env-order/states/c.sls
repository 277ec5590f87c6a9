states_c:
  test.nop
