base:
  'm1.example.org': [a]
  'G@roles:web and not x*': [b]
  'E@m[0-9]': [c]
  'roles:db':
    - match: grain
    - d.e
  'x,m1.example.org':
    - match: list
    - a
  'm1?example?org':
    - match: glob
    - b
