base:
  '*': [b]
