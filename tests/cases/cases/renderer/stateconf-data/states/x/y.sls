#!jinja|yaml|stateconf -p
.a:
  test.nop: []
b: test.nop
