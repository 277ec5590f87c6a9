a: {l: [z], z: 1}
under: {deep: {k: [2]}}
