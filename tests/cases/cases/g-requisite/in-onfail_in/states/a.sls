chg:
  test.succeed_with_changes:
    - onfail_in:
      - test: of_chg
ok:
  test.succeed_without_changes:
    - onfail_in:
      - test: of_ok
bad:
  test.fail_with_changes:
    - onfail_in:
      - test: of_bad
no:
  test.fail_without_changes:
    - onfail_in:
      - test: of_no
of_chg:
  test.succeed_with_changes
of_ok:
  test.succeed_with_changes
of_bad:
  test.succeed_with_changes
of_no:
  test.succeed_with_changes
