a:
  test.succeed_with_changes:
    - prereq:
      - test: b
b:
  test.succeed_with_changes:
    - require:
      - test: c
    - onchanges:
      - test: d
c:
  test.nop
d:
  test.succeed_with_changes
