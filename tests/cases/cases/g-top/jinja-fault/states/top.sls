base:
  '*': [{{ nosuch.x }}]
