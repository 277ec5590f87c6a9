a: {file.blockreplace: [{name: '{{ROOT}}/a'}, {content: new}, {append_if_not_found: True}]}
b: {file.blockreplace: [{name: '{{ROOT}}/b'}, {content: new}, {prepend_if_not_found: True}, {backup: False}]}
c: {file.blockreplace: [{name: '{{ROOT}}/c'}, {content: new}, {insert_after_match: '^one'}]}
d: {file.blockreplace: [{name: '{{ROOT}}/d'}, {content: new}, {insert_before_match: 'two'}]}
e: {file.blockreplace: [{name: '{{ROOT}}/e'}, {content: new}]}
f: {file.blockreplace: [{name: '{{ROOT}}/f'}, {source: 'salt://blk'}, {template: jinja}, {context: {w: ctx}}, {append_if_not_found: True}]}
g: {file.blockreplace: [{name: '{{ROOT}}/g'}, {marker_start: '# s'}, {marker_end: '# e'}, {content: "x\ny\n"}]}
h: {file.blockreplace: [{name: '{{ROOT}}/none'}, {content: new}]}
i: {file.blockreplace: [{name: '{{ROOT}}/i'}, {marker_start: '# s'}, {marker_end: '# e'}, {content: new}, {show_changes: False}]}
