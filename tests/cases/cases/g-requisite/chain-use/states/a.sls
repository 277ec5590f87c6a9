a:
  test.configurable_test_state:
    - changes: True
    - comment: from a
    - result: True
    - order: 5
b:
  test.configurable_test_state:
    - use:
      - test: a
c:
  test.configurable_test_state:
    - comment: own
    - use:
      - test: a
