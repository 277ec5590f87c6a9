a:
  test.nop:
    - k1: 'a: b'
    - k2: "a\tb"
    - k3: "a\x41\u00e9"
    - k4: 'it''s'
    - k5: "line\nbreak"
    - k6: ' lead'
    - k7: 'trail '
    - k8: "\\"
    - k9: '#x'
    - k10: "q\"q"
    - k11: '%x'
    - k12: '@x'
    - k13: '`x'
