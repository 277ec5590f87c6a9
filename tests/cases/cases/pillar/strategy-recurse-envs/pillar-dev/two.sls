two: 2
d: {e: 2}
