base:
  '*':
    - common
  'web*':
    - site
