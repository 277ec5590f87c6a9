base:
  '*': [a, nosuch]
