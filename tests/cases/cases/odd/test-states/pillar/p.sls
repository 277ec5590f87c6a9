a: {b: x}
t: true
i: 5
l: [1]
d: {x: 1}
s: str
