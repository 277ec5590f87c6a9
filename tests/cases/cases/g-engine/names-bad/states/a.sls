a:
  test.nop:
    - names: word
