a:
  test.fail_without_changes:
    - names: [x, y]
b:
  test.nop:
    - onfail_any:
      - test: a
c:
  test.nop:
    - onfail_all:
      - test: x
      - test: y
