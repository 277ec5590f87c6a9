
a: {environ.setenv: [{name: A1}, {value: 1}]}
b: {environ.setenv: [{name: A2}, {value: [1]}]}
c: {environ.setenv: [{name: A3}, {value: null}]}
d: {environ.setenv: [{name: A4}]}
e: {environ.setenv: [{name: x}, {value: {A5: 1, A6: false}}, {false_unsets: True}]}
f: {environ.setenv: [{name: x}, {value: {A7: null}}]}
g: {environ.setenv: [{name: x}, {value: {A8: x}}, {clear_all: False}, {update_minion: True}]}
h: {environ.setenv: [{name: x}, {value: {A8: x}}, {update_minion: True}]}
i: {environ.setenv: [{name: PATH}, {value: 'x:y'}, {permanent: False}]}
j: {environ.setenv: [{name: A9}, {value: ''}]}
k: {environ.setenv: [{name: 5}, {value: 'x'}]}
l: {environ.setenv: [{name: 'A=B'}, {value: 'x'}]}
m: {environ.setenv: [{name: A10}, {value: true}]}
n: {environ.setenv: [{value: {1: 2}}]}
o: {environ.setenv: [{name: A11}, {value: 1.5}]}
