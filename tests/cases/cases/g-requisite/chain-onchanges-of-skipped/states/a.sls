a:
  test.succeed_without_changes
b:
  test.succeed_with_changes:
    - onchanges:
      - test: a
c:
  test.succeed_with_changes:
    - onchanges:
      - test: b
d:
  test.nop:
    - require:
      - test: b
e:
  test.nop:
    - onfail:
      - test: b
