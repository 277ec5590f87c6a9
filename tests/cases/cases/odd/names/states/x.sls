
a: {test.nop: [{names: [x, y]}]}
b: {test.nop: [{names: [x, {z: [{comment: q}]}]}]}
c: {test.succeed_with_changes: [{names: [{z: [{comment: q}]}, {w: {comment: r}}]}]}
d: {test.nop: [{names: []}]}
e: {test.nop: [{names: x}]}
f: {test.nop: [{names: {x: 1}}]}
g: {test.nop: [{name: n}, {names: [x]}]}
h: {test.nop: [{names: [1, 2]}]}
i: {test.nop: [{names: [x, x]}]}
j: {test.nop: [{require: [{test: a}]}]}
k: {test.nop: [{require: [{test: x}]}]}
l: {test.nop: [{names: [null]}]}
m: {test.nop: [{names: [{o: null}]}]}
n: {test.succeed_with_changes: [{names: [{o1: [{comment: c}, {require: [{test: a}]}]}]}]}
