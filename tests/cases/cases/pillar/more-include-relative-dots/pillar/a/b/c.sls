include: [.d, ..e]
c: 1
