a: {x: 1, y: {p: 1, q: [1, 2]}, l: [a, b]}
empty: {}
gone: {k: v}
scalar: 1
list: [1, {n: 1}, 2]
types: {s: text, d: {e: 1}, l: [1]}
