a:
  test.nop:
    - k1: a b
    - k2: a#b
    - k3: a #b
    - k4: a:b
    - k5: a, b
    - k6: http://x/y
    - k7: -x
    - k8: -x y
    - k9: /a/b
    - k10: x*.txt
    - k11: a{b}
    - k12: a[b]
    - k13: x=y
    - k14: 50%
    - k15: 1.2.3.4
    - k16: a'b
    - k17: salt://a/b?saltenv=x
