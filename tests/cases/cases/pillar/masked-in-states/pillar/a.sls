secret: hunter2
d: {k: v}
