#!stateconf -s -o yaml . jinja
.a:
  test.nop: []
.b:
  test.nop:
    - require:
      - test: .a
.c:
  test.succeed_with_changes: []
