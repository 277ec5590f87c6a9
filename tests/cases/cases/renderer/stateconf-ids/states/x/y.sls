#!stateconf yaml . jinja
.first:
  test.succeed_without_changes
.second:
  test.nop:
    - name: own
    - require:
      - test: .first
      - test: plain
plain:
  test.nop: []
