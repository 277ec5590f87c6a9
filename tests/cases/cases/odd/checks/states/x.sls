
a: {test.nop: [{onlyif: [{fun: test.echo, args: ['']}]}]}
b: {test.nop: [{onlyif: [{fun: test.nosuch}]}]}
c: {test.nop: [{onlyif: {fun: test.true}}]}
d: {test.nop: [{onlyif: [5]}]}
e: {test.nop: [{onlyif: 5}]}
f: {test.nop: [{onlyif: null}]}
g: {test.nop: [{onlyif: true}]}
h: {test.nop: [{onlyif: false}]}
i: {test.nop: [{unless: null}]}
j: {test.nop: [{unless: true}]}
k: {test.nop: [{unless: false}]}
l: {test.nop: [{unless: ['false', 'true']}]}
m: {test.nop: [{unless: [{fun: test.false}, {fun: test.true}]}]}
n: {test.nop: [{creates: /etc/passwd}]}
o: {test.nop: [{creates: [/etc/passwd, /nosuch]}]}
p: {test.nop: [{creates: []}]}
q: {test.nop: [{creates: null}]}
r: {test.nop: [{creates: 5}]}
s: {test.nop: [{check_cmd: ['true']}]}
t: {test.nop: [{check_cmd: 'false'}]}
u: {test.succeed_with_changes: [{check_cmd: [{fun: test.false}]}]}
v: {test.succeed_with_changes: [{check_cmd: ['true', 'false']}]}
w: {test.fail_with_changes: [{check_cmd: 'true'}]}
x: {test.nop: [{onlyif: [{fun: test.arg, args: [1], kwargs: {a: 2}}]}]}
y: {test.nop: [{onlyif: [{fun: cmd.retcode, cmd: 'exit 1'}]}]}
z: {test.nop: [{onlyif: [{fun: test.echo, text: hi, get_return: x}]}]}
a1: {test.nop: [{onlyif: [{fun: test.kwarg, a: {b: 0}, get_return: 'a:b'}]}]}
a2: {test.nop: [{onlyif: 'exit 3'}, {unless: 'exit 3'}]}
a3: {test.nop: [{onlyif: 'true'}, {runas: nosuchuser_zz}]}
a4: {test.nop: [{onlyif: 'test "$CASE_ENV" = from-runner'}, {cmd_opts_exclude: [x]}]}
a5: {test.nop: [{onlyif: 'test "$PWD" = /usr'}, {cwd: /usr}]}
a6: {test.nop: [{onlyif: 'test x$Z = xq'}, {env: [{Z: q}]}]}
a7: {test.nop: [{onlyif: ['true', {fun: test.false}]}]}
a8: {test.nop: [{unless: 'nosuchcmd_zz'}]}
a9: {test.nop: [{onlyif: 'nosuchcmd_zz'}]}
b3: {test.nop: [{onlyif: [{bad: 1}]}]}
b6: {test.nop: [{unless: [{fun: match.glob, args: ['*']}]}]}
b8: {test.nop: [{onlyif: [{fun: test.exception}]}]}
