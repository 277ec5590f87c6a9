a: {archive.extracted: [{name: '{{ROOT}}/ea'}, {source: 'salt://enc.zip'}]}
b: {archive.extracted: [{name: '{{ROOT}}/eb'}, {source: 'salt://enc.zip'}, {password: secret}]}
c: {archive.extracted: [{name: '{{ROOT}}/ec'}, {source: 'salt://enc.zip'}, {password: wrong}]}
d: {archive.extracted: [{name: '{{ROOT}}/ed'}, {source: '{{STATES}}/enc.zip'}, {password: secret}, {use_cmd_unzip: true}]}
