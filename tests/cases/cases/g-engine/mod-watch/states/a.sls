a:
  test.succeed_with_changes
b:
  cmd.wait:
    - name: echo waited
    - watch:
      - test: a
c:
  cmd.run:
    - name: echo ran
    - watch:
      - test: a
d:
  test.fail_without_changes:
    - watch:
      - test: a
