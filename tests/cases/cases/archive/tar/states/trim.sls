a: {archive.extracted: [{name: '{{ROOT}}/t1'}, {source: 'salt://app.tgz'}, {trim_output: 2}]}
b: {archive.extracted: [{name: '{{ROOT}}/t2'}, {source: 'salt://app.tgz'}, {trim_output: true}]}
c: {archive.extracted: [{name: '{{ROOT}}/t3'}, {source: 'salt://app.tgz'}, {trim_output: '1'}, {keep_source: false}, {keep: true}]}
