a:
  test.succeed_with_changes:
    - prereq:
      - test: b
    - require:
      - test: z
b:
  test.succeed_with_changes
z:
  test.fail_without_changes
