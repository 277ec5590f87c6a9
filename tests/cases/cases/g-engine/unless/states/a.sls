a:
  test.nop:
    - unless: 'true'
b:
  test.nop:
    - unless: ['true', 'false']
c:
  test.nop:
    - unless:
      - fun: test.false
d:
  test.nop:
    - unless:
      - fun: test.true
      - 'true'
