a: {y: {q: [2, 3], r: null}, l: [b, c], z: {}}
empty: {now: here}
gone: null
scalar: {became: dict}
list: [2, {n: 1}, 3]
types: {s: {t: 1}, d: [1], l: {m: 1}}
only2: [x]
