p: {two: 2}
