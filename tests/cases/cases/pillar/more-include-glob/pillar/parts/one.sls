p: {one: 1}
