s0:
  test.nop:
    - require: [{test: s1}]
s1:
  test.nop:
    - require: [{test: s0}]
