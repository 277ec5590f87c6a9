a:
  test.nop:
    - k1: !!str 5
    - k2: !!int '5'
    - k3: !!float '5'
    - k4: !!bool 'yes'
    - k5: !!null ''
    - k6: !!str yes
    - k7: !!binary aGVsbG8=
    - k8: !!seq [a]
    - k9: !!map {a: 1}
    - k10: !!str
