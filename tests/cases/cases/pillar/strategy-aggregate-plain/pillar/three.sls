a: {l: [d]}
list: [4]
scalar: 3
