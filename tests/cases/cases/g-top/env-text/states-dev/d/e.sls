states-dev_d.e:
  test.nop
