e1: {file.exists: [{name: '{{ROOT}}/f'}]}
e2: {file.exists: [{name: '{{ROOT}}/no'}]}
m1: {file.missing: [{name: '{{ROOT}}/f'}]}
m2: {file.missing: [{name: '{{ROOT}}/no'}]}
t1: {file.touch: [{name: '{{ROOT}}/new'}]}
t2: {file.touch: [{name: '{{ROOT}}/p/q/new'}, {makedirs: True}]}
t3: {file.touch: [{name: '{{ROOT}}/x/y/new'}]}
t4: {file.touch: [{name: '{{ROOT}}/f'}, {mtime: 1000000}, {atime: 1000000}]}
t5: {file.touch: [{name: rel}]}
