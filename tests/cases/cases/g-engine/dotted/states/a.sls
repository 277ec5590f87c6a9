a:
  test.nop.extra: []
