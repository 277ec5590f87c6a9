dev:
  'm1*': [three]
