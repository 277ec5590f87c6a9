a:
  test.configurable_test_state:
    - changes: True
    - result: True
    - comment: one
b:
  test.configurable_test_state:
    - changes: False
    - result: False
    - comment: two
c:
  test.configurable_test_state:
    - changes: False
    - result: True
    - comment: [x, y]
d:
  test.configurable_test_state:
    - warnings: careful
    - result: True
    - changes: False
