base:
  '*': [a, b, c]
