a:
  test.nop:
    - k1: yes
    - k2: no
    - k3: on
    - k4: off
    - k5: true
    - k6: True
    - k7: TRUE
    - k8: false
    - k9: y
    - k10: n
    - k11: yEs
    - k12: 'yes'
    - k13: "no"
    - k14: Yes
    - k15: ON
