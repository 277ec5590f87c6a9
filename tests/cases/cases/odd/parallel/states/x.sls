
a: {cmd.run: [{name: 'echo a'}, {parallel: True}]}
b: {cmd.run: [{name: 'exit 2'}, {parallel: True}]}
c: {test.succeed_with_changes: [{parallel: True}]}
d: {test.nop: [{require: [{cmd: a}]}]}
e: {test.nop: [{require: [{cmd: b}]}]}
f: {test.nop: [{onchanges: [{test: c}]}]}
g: {test.nop: [{parallel: True}, {require: [{test: f}]}]}
h: {test.nop: [{parallel: False}]}
i: {test.nop: [{parallel: x}]}
j: {test.nop: [{parallel: True}, {unless: 'true'}]}
k: {test.nop: [{parallel: True}, {onfail: [{cmd: b}]}]}
l: {test.nosuch: [{parallel: True}]}
m: {test.configurable_test_state: [{parallel: True}, {result: bad}]}
