qa:
  'm1*':
    - a
    - d.*
base:
  '*':
    - c
