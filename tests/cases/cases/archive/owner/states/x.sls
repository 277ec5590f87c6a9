a: {archive.extracted: [{name: '{{ROOT}}/out'}, {source: '{{STATES}}/app.tgz'}, {user: games}, {group: games}]}
b: {archive.extracted: [{name: '{{ROOT}}/two'}, {source: '{{STATES}}/app.tgz'}, {group: games}, {enforce_ownership_on: '{{ROOT}}/two/app/sub'}]}
c: {archive.extracted: [{name: '{{ROOT}}/three'}, {source: '{{STATES}}/app.tgz'}, {user: games}, {enforce_ownership_on: '{{ROOT}}/three/no'}]}
