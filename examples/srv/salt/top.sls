# Which states apply to whom. Targets are globs unless `match` says otherwise.
base:
  '*':
    - motd
  'web*':
    - web
