a: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: '{{STATES}}/app.tgz'}, {clean: true}]}
b: {archive.extracted: [{name: '{{ROOT}}/par'}, {source: '{{STATES}}/app.tgz'}, {clean_parent: true}]}
c: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: '{{STATES}}/app.tgz'}, {clean: true}, {overwrite: true}]}
