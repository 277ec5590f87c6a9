base:
  'x*': [a]
