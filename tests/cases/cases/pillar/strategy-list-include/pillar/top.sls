base:
  '*': [main, last]
