a:
  test.fail_with_changes
b:
  test.nop:
    - listen:
      - test: a
