a:
  test.succeed_with_changes:
    - names: [x, y]
b:
  test.succeed_without_changes:
    - watch:
      - test: a
c:
  test.nop:
    - onchanges:
      - test: y
