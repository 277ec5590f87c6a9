chg1:
  test.succeed_with_changes
ok1:
  test.succeed_without_changes
bad1:
  test.fail_with_changes
no1:
  test.fail_without_changes
chg2:
  test.succeed_with_changes
ok2:
  test.succeed_without_changes
bad2:
  test.fail_with_changes
no2:
  test.fail_without_changes
of_chg_chg:
  test.succeed_with_changes:
    - onfail:
      - test: chg1
    - require_any:
      - test: chg2
of_chg_ok:
  test.succeed_with_changes:
    - onfail:
      - test: chg1
    - require_any:
      - test: ok2
of_chg_bad:
  test.succeed_with_changes:
    - onfail:
      - test: chg1
    - require_any:
      - test: bad2
of_chg_no:
  test.succeed_with_changes:
    - onfail:
      - test: chg1
    - require_any:
      - test: no2
of_ok_chg:
  test.succeed_with_changes:
    - onfail:
      - test: ok1
    - require_any:
      - test: chg2
of_ok_ok:
  test.succeed_with_changes:
    - onfail:
      - test: ok1
    - require_any:
      - test: ok2
of_ok_bad:
  test.succeed_with_changes:
    - onfail:
      - test: ok1
    - require_any:
      - test: bad2
of_ok_no:
  test.succeed_with_changes:
    - onfail:
      - test: ok1
    - require_any:
      - test: no2
of_bad_chg:
  test.succeed_with_changes:
    - onfail:
      - test: bad1
    - require_any:
      - test: chg2
of_bad_ok:
  test.succeed_with_changes:
    - onfail:
      - test: bad1
    - require_any:
      - test: ok2
of_bad_bad:
  test.succeed_with_changes:
    - onfail:
      - test: bad1
    - require_any:
      - test: bad2
of_bad_no:
  test.succeed_with_changes:
    - onfail:
      - test: bad1
    - require_any:
      - test: no2
of_no_chg:
  test.succeed_with_changes:
    - onfail:
      - test: no1
    - require_any:
      - test: chg2
of_no_ok:
  test.succeed_with_changes:
    - onfail:
      - test: no1
    - require_any:
      - test: ok2
of_no_bad:
  test.succeed_with_changes:
    - onfail:
      - test: no1
    - require_any:
      - test: bad2
of_no_no:
  test.succeed_with_changes:
    - onfail:
      - test: no1
    - require_any:
      - test: no2
