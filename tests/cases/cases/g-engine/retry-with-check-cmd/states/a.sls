a:
  test.nop:
    - check_cmd: 'false'
    - retry: {attempts: 2, interval: 0}
