web1:
  test.succeed_with_changes
web2:
  test.nop
c:
  test.succeed_without_changes:
    - watch:
      - test: web*
