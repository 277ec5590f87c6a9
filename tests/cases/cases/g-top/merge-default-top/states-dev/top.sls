dev:
  '*':
    - a
base:
  '*':
    - d.e
qa:
  '*':
    - b
