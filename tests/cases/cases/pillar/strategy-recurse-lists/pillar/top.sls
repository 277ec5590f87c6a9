base:
  '*': [one, two, three]
