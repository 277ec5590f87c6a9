a:
  test.nop:
    - fire_event: True
b:
  test.nop:
    - fire_event: tag/x
