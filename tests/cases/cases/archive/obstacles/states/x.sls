a: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: '{{STATES}}/app.tgz'}]}
