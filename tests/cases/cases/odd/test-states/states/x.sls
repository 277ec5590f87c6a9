
a: {test.configurable_test_state: []}
b: {test.configurable_test_state: [{changes: True}, {result: True}, {comment: c}]}
c: {test.configurable_test_state: [{changes: False}, {result: False}]}
d: {test.configurable_test_state: [{changes: bad}]}
e: {test.configurable_test_state: [{result: bad}]}
f: {test.configurable_test_state: [{allow_test_mode_failure: True}, {result: False}]}
g: {test.configurable_test_state: [{warnings: w}]}
h: {test.configurable_test_state: [{warnings: [a, b]}]}
i: {test.configurable_test_state: [{comment: [a, b]}]}
j: {test.configurable_test_state: [{comment: 5}]}
k: {test.configurable_test_state: [{changes: {a: 1}}]}
l: {test.configurable_test_state: [{result: null}]}
m: {test.show_notification: [{text: hi}]}
n: {test.show_notification: []}
o: {test.show_notification: [{text: ''}]}
p: {test.show_notification: [{text: 5}]}
q: {test.check_pillar: [{present: [a]}]}
r: {test.check_pillar: [{present: a:b}, {string: a:b}]}
s: {test.check_pillar: [{boolean: [t]}, {integer: [i]}, {listing: [l]}, {dictionary: [d]}, {string: [s]}]}
t: {test.check_pillar: [{boolean: [i]}, {integer: [s]}, {listing: [d]}, {dictionary: [l]}, {string: [t]}]}
u: {test.check_pillar: [{verbose: True}, {present: [nope, a]}]}
v: {test.nop: [{name: x}, {whatever: 1}, {arg2: [1]}]}
w: {test.succeed_with_changes: [{comment: mine}]}
x: {test.fail_without_changes: [{comment: 5}]}
y: {test.fail_with_changes: []}
z: {test.succeed_without_changes: [{name: 5}]}
a1: {test.check_pillar: []}
a2: {test.check_pillar: [{present: {a: 1}}]}
a3: {test.mod_watch: []}
a4: {test.configurable_test_state: [{changes: Random}, {name: fixed}, {result: True}, {changes: False}]}
