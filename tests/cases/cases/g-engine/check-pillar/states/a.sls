a:
  test.check_pillar:
    - present: nosuch
b:
  test.check_pillar:
    - string: [nosuch]
c:
  test.check_pillar:
    - present: [a, b]
    - verbose: True
