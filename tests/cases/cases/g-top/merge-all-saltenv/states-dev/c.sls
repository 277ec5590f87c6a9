states-dev_c:
  test.nop
