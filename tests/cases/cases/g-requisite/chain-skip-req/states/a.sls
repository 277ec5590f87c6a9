a:
  test.nop:
    - onlyif: 'false'
b:
  test.nop:
    - require:
      - test: a
c:
  test.nop:
    - watch:
      - test: a
d:
  test.nop:
    - onchanges:
      - test: a
