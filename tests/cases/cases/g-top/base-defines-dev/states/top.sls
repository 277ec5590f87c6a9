base:
  '*': [a]
dev:
  '*': [b]
