a:
  test.configurable_test_state:
    - comment: __slot__:salt:no.such(x)
b:
  test.configurable_test_state:
    - comment: __slot__:nope
c:
  test.configurable_test_state:
    - comment: '__slot__:salt:test.echo(x'
