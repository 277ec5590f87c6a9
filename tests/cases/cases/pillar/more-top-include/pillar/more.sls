base:
  'm1*': [b]
