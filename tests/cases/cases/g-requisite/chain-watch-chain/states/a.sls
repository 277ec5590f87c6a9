a:
  test.succeed_with_changes
b:
  test.succeed_without_changes:
    - watch:
      - test: a
c:
  test.succeed_without_changes:
    - watch:
      - test: b
d:
  test.succeed_without_changes:
    - onchanges:
      - test: c
