include: [d]
b: {{ v }}
