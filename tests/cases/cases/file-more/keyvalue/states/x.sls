a: {file.keyvalue: [{name: '{{ROOT}}/a'}, {key: k}, {value: v}]}
b: {file.keyvalue: [{name: '{{ROOT}}/b'}, {key_values: {k: new, z: last}}, {append_if_not_found: True}]}
c: {file.keyvalue: [{name: '{{ROOT}}/c'}, {key_values: {z: first}}, {prepend_if_not_found: True}]}
d: {file.keyvalue: [{name: '{{ROOT}}/d'}, {key_values: {PermitRootLogin: 'no'}}, {separator: ' '}, {uncomment: '# '}, {key_ignore_case: True}]}
e: {file.keyvalue: [{name: '{{ROOT}}/none'}, {key: k}, {value: v}]}
f: {file.keyvalue: [{name: '{{ROOT}}/none2'}, {key: k}, {value: v}, {ignore_if_missing: True}]}
g: {file.keyvalue: [{name: '{{ROOT}}/new'}, {key: k}, {value: v}, {create_if_missing: True}]}
h: {file.keyvalue: [{name: '{{ROOT}}/h'}, {key: k}, {value: 5}]}
i: {file.keyvalue: [{name: '{{ROOT}}/a'}]}
j: {file.keyvalue: [{name: '{{ROOT}}/a'}, {key_values: text}]}
k: {file.keyvalue: [{name: '{{ROOT}}/k'}, {key_values: {k: v}}, {prune: True}]}
l: {file.keyvalue: [{name: '{{ROOT}}/l'}, {key: k}, {value: v}, {count: 2}]}
