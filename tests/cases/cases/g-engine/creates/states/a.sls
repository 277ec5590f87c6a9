a:
  test.nop:
    - creates: /etc
b:
  test.nop:
    - creates: [/etc, /nosuch]
c:
  test.nop:
    - creates: [/etc, /usr]
