four:
  test.nop
five:
  test.fail_without_changes
