base:
  '*': [one]
dev:
  '*': [one, two]
