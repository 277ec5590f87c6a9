base:
  '*':
    - a
  'os:Debian':
    - match: grain
    - b
dev:
  '*':
    - c
