from: dev
l: [d]
d: {d: 1}
