a: {x: 1, l: [1]}
l: [1]
seen: {{ pillar.get('e', 'nothing') }}
