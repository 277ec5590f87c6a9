base:
  5: [a]
  '*': [b]
