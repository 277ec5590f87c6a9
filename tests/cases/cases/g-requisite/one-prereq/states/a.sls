chg:
  test.succeed_with_changes
ok:
  test.succeed_without_changes
bad:
  test.fail_with_changes
no:
  test.fail_without_changes
of_chg:
  test.succeed_with_changes:
    - prereq:
      - test: chg
of_ok:
  test.succeed_with_changes:
    - prereq:
      - test: ok
of_bad:
  test.succeed_with_changes:
    - prereq:
      - test: bad
of_no:
  test.succeed_with_changes:
    - prereq:
      - test: no
