base:
  '*':
    - order: 2
    - late
  'm1*':
    - order: 1
    - early
