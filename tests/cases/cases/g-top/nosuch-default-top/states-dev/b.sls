states-dev_b:
  test.nop
