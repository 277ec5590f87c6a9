a:
  test.nop:
    - onlyif: 'true'
b:
  test.nop:
    - onlyif: ['true', 'false']
c:
  test.nop:
    - onlyif:
      - fun: test.true
      - fun: test.echo
        args: ['']
d:
  test.nop:
    - onlyif:
      - fun: test.arg_clean
        args: [x]
        get_return: args
e:
  test.nop:
    - onlyif: []
