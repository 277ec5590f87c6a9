include:
  - c:
      key: again
b: 1
