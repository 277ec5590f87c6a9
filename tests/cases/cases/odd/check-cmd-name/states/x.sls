s0:
  module.run:
    - test.echo: x
    - check_cmd: ['false']
s1:
  module.run:
    - test.echo: x
    - check_cmd: ['true']
s2:
  test.fail_without_changes:
    - name: other
    - check_cmd: 'true'
