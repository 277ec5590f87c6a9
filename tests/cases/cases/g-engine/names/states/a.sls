a:
  test.nop:
    - names:
      - x
      - y:
        - v: 1
      - x
      - z
    - v: 0
