a:
  test.nop:
    - k1: ~
    - k2: null
    - k3: Null
    - k4: NULL
    - k5: none
    - k6: None
    - k7: ''
    - k8: ""
    - k9: nULL
    - k10: nil
