a: {file.patch: [{name: '{{ROOT}}/a'}, {source: 'salt://p.diff'}]}
b: {file.patch: [{name: '{{ROOT}}/none'}, {source: 'salt://p.diff'}]}
c: {file.patch: [{name: rel}, {source: 'salt://p.diff'}]}
d: {file.patch: [{name: '{{ROOT}}/a'}, {source: 'salt://p.diff'}, {options: '-N'}]}
e: {file.patch: [{name: '{{ROOT}}/dir'}, {source: 'salt://dir.diff'}, {strip: 1}]}
