p: {sub: 3}
