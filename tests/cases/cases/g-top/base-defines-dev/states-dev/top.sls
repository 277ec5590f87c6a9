dev:
  '*': [c]
