__a__:
  test.nop
b:
  test.nop
