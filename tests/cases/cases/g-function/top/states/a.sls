one:
  test.succeed_with_changes
two:
  test.succeed_without_changes:
    - require:
      - test: one
three:
  test.nop:
    - watch:
      - test: two
