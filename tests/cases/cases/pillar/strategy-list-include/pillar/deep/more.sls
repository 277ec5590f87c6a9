include:
  - .sibling
deep: {m: 1}
