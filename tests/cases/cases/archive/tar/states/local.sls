a: {archive.extracted: [{name: '{{ROOT}}/local/deep'}, {source: '{{STATES}}/app.tgz'}, {if_missing: '{{ROOT}}/local/deep/x'}]}
b: {archive.extracted: [{name: '{{ROOT}}/local/b'}, {source: 'file://{{STATES}}/app.tgz'}, {overwrite: true}, {keep: false}]}
c: {archive.extracted: [{name: '{{ROOT}}/c'}, {source: 'salt://app.tgz'}, {if_missing: '{{ROOT}}'}]}
