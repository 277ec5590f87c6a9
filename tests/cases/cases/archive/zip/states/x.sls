a: {archive.extracted: [{name: '{{ROOT}}/a'}, {source: 'salt://app.zip'}]}
b: {archive.extracted: [{name: '{{ROOT}}/b'}, {source: 'salt://app.zip'}, {extract_perms: false}]}
c: {archive.extracted: [{name: '{{ROOT}}/c'}, {source: '{{STATES}}/app.zip'}, {use_cmd_unzip: true}]}
d: {archive.extracted: [{name: '{{ROOT}}/d'}, {source: '{{STATES}}/app.zip'}, {options: '-q -o'}]}
e: {archive.extracted: [{name: '{{ROOT}}/e'}, {source: 'salt://app.zip'}, {options: '-o'}, {use_cmd_unzip: false}]}
