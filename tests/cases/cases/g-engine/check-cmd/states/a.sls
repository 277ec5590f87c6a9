a:
  test.nop:
    - check_cmd: 'true'
b:
  test.succeed_with_changes:
    - check_cmd: ['true', 'false']
c:
  test.fail_without_changes:
    - check_cmd: 'true'
