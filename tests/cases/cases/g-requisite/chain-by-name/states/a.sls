a:
  test.nop:
    - name: other
b:
  test.nop:
    - require:
      - test: other
