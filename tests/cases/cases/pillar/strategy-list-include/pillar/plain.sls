include: [deep.more]
a: {l: [p], p: 1}
