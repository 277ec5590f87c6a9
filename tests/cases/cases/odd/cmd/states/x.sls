
a: {cmd.run: [{name: 'echo hi'}, {shell: /bin/sh}]}
b: {cmd.run: [{name: 'echo hi; exit 3'}, {success_retcodes: [3]}]}
c: {cmd.run: [{name: 'echo hi; exit 3'}, {success_retcodes: 3}]}
d: {cmd.run: [{name: 'echo out'}, {success_stdout: out}]}
e: {cmd.run: [{name: 'echo out; exit 1'}, {success_stdout: [out]}]}
f: {cmd.run: [{name: 'echo err >&2; exit 1'}, {success_stderr: [err]}]}
g: {cmd.run: [{name: 'echo hi'}, {cwd: /nosuchdir_zz}]}
h: {cmd.run: [{name: 'echo hi'}, {runas: nosuchuser_zz}]}
i: {cmd.run: [{name: 'id -un'}, {runas: games}]}
j: {cmd.run: [{name: 'echo $A $B'}, {env: [{A: 1}, {B: two}]}]}
k: {cmd.run: [{name: 'echo $A $B'}, {env: {A: x, B: false}}]}
l: {cmd.run: [{name: 'umask'}, {umask: '077'}]}
n: {cmd.run: [{name: 'echo hi'}, {stateful: True}]}
q: {cmd.run: [{name: 'echo a'}, {output_loglevel: quiet}]}
s: {cmd.run: [{name: 'cat'}, {stdin: "in\nput"}]}
x: {cmd.run: [{name: 'printf "a\n\nb\n\n"'}]}
y: {cmd.run: [{name: 'printf "\303\244\377"'}]}
z: {cmd.run: [{name: 'echo a'}, {creates: [/etc/passwd, /nosuch]}]}
a1: {cmd.run: [{name: 'echo a'}, {creates: [/etc/passwd, /etc/group]}]}
a2: {cmd.run: [{name: 'echo a'}, {onlyif: []}, {unless: []}]}
a3: {cmd.run: [{name: 'echo a'}, {check_cmd: 'false'}]}
a4: {cmd.run: [{name: 'echo a'}, {check_cmd: ['true', 'exit 4']}]}
a5: {cmd.run: [{name: 'false'}, {check_cmd: 'true'}]}
a6: {cmd.run: [{names: ['echo 1', {'echo 2': [{cwd: /}]}]}]}
a7: {cmd.run: [{name: 'pwd'}, {cwd: /usr}]}
a8: {cmd.run: [{name: 5}]}
a9: {cmd.run: [{name: [a]}]}
b1: {cmd.run: [{name: 'echo a'}, {ignore_timeout: True}]}
b2: {cmd.run: [{name: 'exit 1'}, {retry: {attempts: 2, interval: 1}}]}
b3: {cmd.run: [{name: 'echo a'}, {prepend_path: /xx}]}
b4: {cmd.run: [{name: 'echo $PATH | cut -c1-5'}, {prepend_path: /xx}]}
b6: {cmd.run: [{name: 'echo $0 $-'}, {shell: /bin/bash}]}
b7: {cmd.run: [{name: 'echo a'}, {shell: /nosuchshell}]}
b9: {cmd.run: [{name: 'echo a'}, {bogus: 1}]}
c1: {cmd.run: [{name: 'echo a'}, {cwd: rel}]}
c2: {cmd.run: [{name: 'echo a'}, {timeout: x}]}
c3: {cmd.wait: [{name: 'echo a'}]}
c4: {cmd.run: [{name: 'echo {"changed": true, "comment": "x", "k": [1]}'}, {stateful: True}]}
c5: {cmd.run: [{name: "echo '{\"changed\": true, \"comment\": \"x\", \"k\": [1]}'"}, {stateful: True}]}
c8: {cmd.nosuch: []}
c9: {nosuch.x: []}
d1: {cmd.run: [{name: 'false'}, {failhard: False}]}
d2: {cmd: [run, {name: 'echo dotless'}]}
d3: {cmd.run: [{name: 'echo a'}, {success_retcodes: x}]}
d4: {cmd.run: [{name: 'echo a'}, {env: bad}]}
d5: {cmd.run: [{name: 'echo a'}, {env: {A: {b: 1}}}]}
d6: {cmd.run: [{name: 'echo a'}, {unless: {fun: test.true}}]}
d7: {cmd.run: [{name: 'echo a'}, {onlyif: [{fun: test.retcode, code: 0}, 'true']}]}
