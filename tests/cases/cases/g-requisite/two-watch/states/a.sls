chg:
  test.succeed_with_changes
ok:
  test.succeed_without_changes
bad:
  test.fail_with_changes
no:
  test.fail_without_changes
of_chg_ok:
  test.succeed_without_changes:
    - watch:
      - test: chg
      - test: ok
of_chg_bad:
  test.succeed_without_changes:
    - watch:
      - test: chg
      - test: bad
of_chg_no:
  test.succeed_without_changes:
    - watch:
      - test: chg
      - test: no
of_ok_chg:
  test.succeed_without_changes:
    - watch:
      - test: ok
      - test: chg
of_ok_bad:
  test.succeed_without_changes:
    - watch:
      - test: ok
      - test: bad
of_ok_no:
  test.succeed_without_changes:
    - watch:
      - test: ok
      - test: no
of_bad_chg:
  test.succeed_without_changes:
    - watch:
      - test: bad
      - test: chg
of_bad_ok:
  test.succeed_without_changes:
    - watch:
      - test: bad
      - test: ok
of_bad_no:
  test.succeed_without_changes:
    - watch:
      - test: bad
      - test: no
of_no_chg:
  test.succeed_without_changes:
    - watch:
      - test: no
      - test: chg
of_no_ok:
  test.succeed_without_changes:
    - watch:
      - test: no
      - test: ok
of_no_bad:
  test.succeed_without_changes:
    - watch:
      - test: no
      - test: bad
