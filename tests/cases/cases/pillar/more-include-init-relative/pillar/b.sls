wrong: 1
