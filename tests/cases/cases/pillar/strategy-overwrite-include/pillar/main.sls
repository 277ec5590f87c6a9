include:
  - plain
  - keyed:
      key: under:deep
  - with:
      defaults: {v: 5, w: [1, 2]}
      key: got
a: {own: 1, l: [m]}
