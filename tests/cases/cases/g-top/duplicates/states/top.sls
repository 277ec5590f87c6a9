base:
  '*': [a, b, a]
  'm*': [b, a]
