a:
  test.nop:
    - retry: False
b:
  test.nop:
    - retry: {attempts: x, interval: y, until: z, splay: q}
c:
  test.nop:
    - retry: {attempts: 1}
