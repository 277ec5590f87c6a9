states-dev_a:
  test.nop
