a:
  test.configurable_test_state:
    - result: maybe
b:
  test.configurable_test_state:
    - changes: maybe
c:
  test.configurable_test_state:
    - warnings: [1]
