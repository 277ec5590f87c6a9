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
    - onchanges:
      - test: chg1
    - prereq:
      - test: chg2
of_chg_ok:
  test.succeed_with_changes:
    - onchanges:
      - test: chg1
    - prereq:
      - test: ok2
of_chg_bad:
  test.succeed_with_changes:
    - onchanges:
      - test: chg1
    - prereq:
      - test: bad2
of_chg_no:
  test.succeed_with_changes:
    - onchanges:
      - test: chg1
    - prereq:
      - test: no2
of_ok_chg:
  test.succeed_with_changes:
    - onchanges:
      - test: ok1
    - prereq:
      - test: chg2
of_ok_ok:
  test.succeed_with_changes:
    - onchanges:
      - test: ok1
    - prereq:
      - test: ok2
of_ok_bad:
  test.succeed_with_changes:
    - onchanges:
      - test: ok1
    - prereq:
      - test: bad2
of_ok_no:
  test.succeed_with_changes:
    - onchanges:
      - test: ok1
    - prereq:
      - test: no2
of_bad_chg:
  test.succeed_with_changes:
    - onchanges:
      - test: bad1
    - prereq:
      - test: chg2
of_bad_ok:
  test.succeed_with_changes:
    - onchanges:
      - test: bad1
    - prereq:
      - test: ok2
of_bad_bad:
  test.succeed_with_changes:
    - onchanges:
      - test: bad1
    - prereq:
      - test: bad2
of_bad_no:
  test.succeed_with_changes:
    - onchanges:
      - test: bad1
    - prereq:
      - test: no2
of_no_chg:
  test.succeed_with_changes:
    - onchanges:
      - test: no1
    - prereq:
      - test: chg2
of_no_ok:
  test.succeed_with_changes:
    - onchanges:
      - test: no1
    - prereq:
      - test: ok2
of_no_bad:
  test.succeed_with_changes:
    - onchanges:
      - test: no1
    - prereq:
      - test: bad2
of_no_no:
  test.succeed_with_changes:
    - onchanges:
      - test: no1
    - prereq:
      - test: no2
