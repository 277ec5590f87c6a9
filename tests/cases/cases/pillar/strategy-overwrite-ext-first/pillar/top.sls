base:
  'e:ext':
    - match: pillar
    - one
