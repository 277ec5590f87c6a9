a:
  test.succeed_with_changes
b:
  test.succeed_with_changes
c:
  test.nop:
    - listen:
      - test: a
      - test: b
d:
  test.nop:
    - listen:
      - test: a
