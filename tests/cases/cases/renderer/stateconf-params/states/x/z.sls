#!stateconf yaml . jinja
include:
  - .y
extend:
  .y::params:
    stateconf.set:
      - port: 8080
.own:
  test.nop: []
