a:
  test.nop:
    - umask: 99x
