deep: {s: 1}
