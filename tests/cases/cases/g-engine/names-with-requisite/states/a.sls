a:
  test.nop:
    - names:
      - x:
        - require:
          - test: b
      - y
b:
  test.nop
