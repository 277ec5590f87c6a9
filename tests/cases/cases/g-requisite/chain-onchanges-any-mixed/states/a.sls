a:
  test.fail_without_changes
b:
  test.succeed_with_changes
c:
  test.nop:
    - onchanges_any:
      - test: a
      - test: b
d:
  test.nop:
    - onchanges:
      - test: a
      - test: b
