a:
  test.succeed_with_changes:
    - no_log: True
b:
  cmd.run:
    - name: echo secret
    - no_log: True
