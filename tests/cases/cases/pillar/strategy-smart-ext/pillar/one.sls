a: {x: 1, l: [1]}
l: [1]
seen: {{ salt['pillar.get']('e', 'nothing') }}
