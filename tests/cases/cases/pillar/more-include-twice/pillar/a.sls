include: [c]
a: 1
