nosuch:
  '*': [a]
