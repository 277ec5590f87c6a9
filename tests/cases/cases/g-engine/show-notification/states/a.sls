a:
  test.show_notification:
    - text: hello
b:
  test.show_notification:
    - text: ''
