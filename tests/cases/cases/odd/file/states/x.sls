
c1: {file.comment: [{name: '{{ROOT}}/c1'}, {regex: a}]}
c2: {file.comment: [{name: '{{ROOT}}/c2'}, {regex: '^two$'}, {char: ';'}, {backup: False}]}
c3: {file.uncomment: [{name: '{{ROOT}}/c3'}, {regex: k}]}
c4: {file.comment: [{name: '{{ROOT}}/c4'}, {regex: a}]}
t1: {file.tidied: [{name: '{{ROOT}}/t1'}, {exclude: [^b]}, {size: 5x}, {age: 1}]}
t2: {file.tidied: [{name: '{{ROOT}}/t2'}, {exclude: b}]}
t3: {file.tidied: [{name: '{{ROOT}}/t3'}, {size: 1k}, {age: 1}]}
p1: {file.pruned: [{name: '{{ROOT}}/p1'}]}
p2: {file.pruned: [{name: '{{ROOT}}/p2'}, {older_than: 0}]}
u1: {file.touch: [{name: '{{ROOT}}/u1'}]}
u2: {file.touch: [{name: '{{ROOT}}/u2'}, {mtime: 1400000000}]}
u3: {file.touch: [{name: '{{ROOT}}/u3'}]}
u4: {file.touch: [{name: '~/home'}]}
l1: {file.line: [{name: '{{ROOT}}/l1'}, {content: new}, {mode: ensure}, {quiet: True}]}
r1: {file.replace: [{name: '{{ROOT}}/l1'}, {pattern: zzz}, {repl: '\1'}]}
b1: {file.blockreplace: [{name: '{{ROOT}}/l1'}, {insert_after_match: ^a}, {prepend_if_not_found: True}]}
b2: {file.blockreplace: [{name: '{{ROOT}}/l1'}, {context: null}, {defaults: null}]}
m1: {file.managed: [{name: '{{ROOT}}/m1'}, {user: '0'}]}
