#!stateconf -G yaml . jinja
.b:
  test.nop: []
