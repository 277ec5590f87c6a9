a:
  test.nop:
    - onlyif:
      - args: [x]
b:
  test.nop:
    - unless:
      - fun: no.such
c:
  test.nop:
    - onlyif:
      - 5
