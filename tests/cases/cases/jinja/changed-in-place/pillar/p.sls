{tree: {sub: {a: 1}}}
