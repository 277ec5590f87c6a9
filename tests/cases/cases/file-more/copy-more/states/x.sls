a: {file.copy: [{name: '{{ROOT}}/a'}, {source: '{{ROOT}}/dir'}]}
b: {file.copy: [{name: '{{ROOT}}/into'}, {source: '{{ROOT}}/s'}, {subdir: True}]}
c: {file.copy: [{name: '{{ROOT}}/c'}, {source: '{{ROOT}}/s'}, {mode: '0600'}]}
d: {file.copy: [{name: '{{ROOT}}/d'}, {source: '{{ROOT}}/s'}, {preserve: True}]}
e: {file.copy: [{name: '{{ROOT}}/no/e'}, {source: '{{ROOT}}/s'}]}
f: {file.copy: [{name: rel}, {source: '{{ROOT}}/s'}]}
g: {file.copy: [{name: '{{ROOT}}/g'}, {source: '{{ROOT}}/s'}, {user: games}, {group: games}]}
h: {file.copy: [{name: '{{ROOT}}/p/h'}, {source: '{{ROOT}}/s'}, {makedirs: True}, {mode: '0640'}]}
