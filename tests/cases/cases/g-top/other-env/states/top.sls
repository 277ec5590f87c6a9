base:
  '*':
    - a
    - dev: b
