plain: {archive.extracted: [{name: '{{ROOT}}/plain'}, {source: 'salt://app.tar'}]}
xz: {archive.extracted: [{name: '{{ROOT}}/xz'}, {source: 'salt://app.tar.xz'}]}
bz: {archive.extracted: [{name: '{{ROOT}}/bz'}, {source: 'salt://app.tar.bz2'}]}
given: {archive.extracted: [{name: '{{ROOT}}/given'}, {source: 'salt://app.bin'}, {archive_format: TAR}]}
guess: {archive.extracted: [{name: '{{ROOT}}/guess'}, {source: 'salt://app.bin'}]}
