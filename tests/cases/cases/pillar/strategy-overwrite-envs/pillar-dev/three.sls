three: 3
