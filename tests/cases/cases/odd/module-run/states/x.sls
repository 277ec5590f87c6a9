
a: {module.run: [{test.echo: [{text: hi}]}]}
b: {module.run: [{test.echo: hi}]}
c: {module.run: [{test.echo: [hi]}]}
d: {module.run: [test.ping]}
e: {module.run: [{test.ping: []}]}
f: {module.run: [{test.ping: null}]}
g: {module.run: [{test.nosuch: []}]}
h: {module.run: [{test.false: []}]}
i: {module.run: [{test.arg: [1, two, {k: v}]}]}
j: {module.run: [{test.kwarg: [{a: 1}, {b: [1, 2]}]}]}
k: {module.run: [{cmd.run: [{cmd: 'exit 3'}]}]}
l: {module.run: [{cmd.retcode: ['exit 3']}]}
m: {module.run: [{cmd.run_all: ['exit 3']}]}
n: {module.run: [{name: test.echo}, {text: old}]}
o: {module.run: [{name: test.arg}, {args: [1, 2]}, {kwargs: {x: y}}]}
p: {module.run: [{name: test.nosuch}]}
q: {module.run: [{name: test.echo}]}
r: {module.run: []}
s: {module.run: [{test.ping: []}, {test.echo: [{text: two}]}]}
t: {module.run: [{name: foo}, {test.ping: []}]}
u: {module.run: [{test.echo: [{text: a}, {bogus: 1}]}]}
v: {module.run: [{m_name: x}, {name: test.ping}]}
w: {module.run: [{name: test.kwarg}, {m_name: x}, {kwargs: {a: 1}}]}
x: {module.run: [{test.exception: [{message: boom}]}]}
y: {module.run: [{test.sleep: [{length: 0}]}, {returner: nosuch}]}
z: {module.run: [{name: test.echo}, {text: t}, {returner: nosuch}]}
a1: {module.wait: [{name: test.ping}]}
a2: {module.run: [{test.ping: []}, {onlyif: 'false'}]}
a3: {module.run: [{test.not_loaded: []}, {func_ret: x}]}
a4: {module.run: [{name: cmd.run}, {cmd: 'echo hi; exit 1'}]}
a5: {module.run: [{name: test.retcode}, {code: 2}]}
a6: {module.run: [{test.retcode: [2]}]}
a7: {module.run: [{file.file_exists: [{path: /etc/passwd}]}]}
a8: {module.run: [{file.file_exists: [/nosuch]}]}
a9: {module.run: [{grains.get: [{key: nosuch}]}]}
b1: {module.run: [{test.echo: {text: dict}}]}
b2: {module.run: [{test.echo: [{text: [1, 2]}]}]}
b3: {module.run: [{test.ping: []}, bad]}
b4: {module.run: [5]}
b5: {module.run: [{test.arg: [{args: [1]}]}]}
b6: {module.run: [{test.arg: [{kwargs: {a: 1}}]}]}
b7: {test.echo: [hi]}
