a: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: 'salt://app.tgz'}]}
