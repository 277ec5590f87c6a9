include:
  - more
base:
  '*': [a]
