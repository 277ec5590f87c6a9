a:
  test.fail_without_changes:
    - retry:
        attempts: 2
        interval: 0
b:
  test.nop:
    - retry:
        attempts: 2
        interval: 0
        until: False
c:
  test.nop:
    - retry: {attempts: 3, interval: 0}
