strip: {archive.extracted: [{name: '{{ROOT}}/strip'}, {source: 'salt://app.tgz'}, {options: '--strip-components=1'}, {enforce_toplevel: false}]}
strict: {archive.extracted: [{name: '{{ROOT}}/strict'}, {source: 'salt://app.tgz'}, {options: '--strip 1'}]}
short: {archive.extracted: [{name: '{{ROOT}}/short'}, {source: 'salt://app.tgz'}, {options: z}]}
xz: {archive.extracted: [{name: '{{ROOT}}/xz'}, {source: 'salt://app.tar.xz'}, {options: 'J -v'}, {trim_output: 1}]}
