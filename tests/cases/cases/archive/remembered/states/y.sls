a: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: '{{STATES}}/app.tgz'}, {source_hash: 'sha256=6390ab56e41a36b4fd2f176dfa6be25ebb4627276203369cffad0a2f7a5cfbe5'}, {source_hash_update: true}]}
b: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: '{{STATES}}/app.tgz'}, {source_hash_update: true}]}
