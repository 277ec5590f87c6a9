include:
  - b:
      defaults: {v: 1}
  - c
