base:
  '*': [a.b.c]
