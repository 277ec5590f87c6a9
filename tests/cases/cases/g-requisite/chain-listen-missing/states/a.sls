a:
  test.nop:
    - listen:
      - test: nosuch
