a:
  test.show_notification
b:
  cmd.script
