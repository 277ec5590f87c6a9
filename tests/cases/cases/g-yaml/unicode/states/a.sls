a:
  test.nop:
    - k1: é
    - k2: "\u20ac"
    - k3: 日本
    - k4: 'ü'
    - k5: "\U0001F600"
    - k6: naïve
