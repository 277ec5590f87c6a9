states_d.e:
  test.nop
