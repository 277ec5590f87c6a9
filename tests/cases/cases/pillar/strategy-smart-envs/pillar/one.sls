from: base
l: [b]
d: {b: 1}
