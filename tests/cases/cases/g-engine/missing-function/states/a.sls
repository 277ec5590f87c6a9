a:
  test.nosuch
b:
  nomod.fun:
    - x: 1
c:
  test.nop
