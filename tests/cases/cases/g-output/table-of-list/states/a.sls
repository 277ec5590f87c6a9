clean:
  test.succeed_without_changes
changed:
  test.succeed_with_changes
failed:
  test.fail_without_changes
named:
  test.configurable_test_state:
    - name: other name
    - changes: True
    - result: True
    - comment: |
        line one
        line two
warned:
  test.configurable_test_state:
    - warnings: be careful
    - changes: False
    - result: True
skipped:
  test.nop:
    - onchanges:
      - test: clean
