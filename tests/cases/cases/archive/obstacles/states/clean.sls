a: {archive.extracted: [{name: '{{ROOT}}/out2'}, {source: '{{STATES}}/app.tgz'}, {clean: true}]}
