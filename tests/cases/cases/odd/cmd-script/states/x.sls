
a: {cmd.script: [{name: 'salt://s.sh'}]}
b: {cmd.script: [{source: 'salt://s.sh'}, {args: 'one "two three"'}]}
c: {cmd.script: [{name: 'salt://s.sh a b'}]}
d: {cmd.script: [{source: 'salt://nope.sh'}]}
e: {cmd.script: [{source: 'salt://t.sh'}, {template: jinja}, {context: {v: ctx}}, {defaults: {w: def}}]}
f: {cmd.script: [{source: 'salt://s.sh'}, {cwd: /nosuch}]}
h: {cmd.script: [{source: 'salt://fail.sh'}]}
i: {cmd.script: [{source: 'salt://fail.sh'}, {success_retcodes: [4]}]}
j: {cmd.script: [{source: 'salt://s.sh'}, {env: [{X: y}]}]}
k: {cmd.script: [{source: 'salt://s.sh'}, {stateful: True}]}
l: {cmd.script: [{source: 'salt://s.sh'}, {creates: /etc/passwd}]}
m: {cmd.script: [{source: 'salt://s.sh'}, {unless: 'true'}]}
n: {cmd.script: [{source: 'salt://s.sh'}, {onlyif: 'false'}]}
q: {cmd.script: [{source: 'salt://s.sh'}, {shell: /bin/sh}]}
r: {cmd.script: [{source: 'salt://s.sh'}, {stdin: data}]}
s: {cmd.script: [{source: 'salt://s.sh'}, {hide_output: True}]}
t: {cmd.script: [{source: '{{ROOT}}/local.sh'}]}
v: {cmd.script: [{source: 'salt://s.sh'}, {timeout: 5}, {umask: '022'}]}
