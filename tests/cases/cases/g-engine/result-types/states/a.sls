a:
  test.succeed_with_changes:
    - name: [x]
b:
  test.nop:
    - name: 5
c:
  test.nop:
    - name: ''
