a:
  test.configurable_test_state:
    - changes: False
    - result: True
    - comment: __slot__:salt:test.echo(hello)
b:
  test.configurable_test_state:
    - comment: __slot__:salt:test.echo(hello) ~ ' world'
c:
  test.configurable_test_state:
    - comment: __slot__:salt:test.arg(x, k=v).kwargs.k
d:
  test.nop:
    - l:
      - __slot__:salt:test.echo(q)
