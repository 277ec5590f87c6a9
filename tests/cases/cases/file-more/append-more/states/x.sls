{{ROOT}}/a: {file.append: [{text: "if [ -z \"$x\" ]; then"}]}
{{ROOT}}/b: {file.append: [{text: "a b"}, {ignore_whitespace: False}]}
{{ROOT}}/c: {file.append: [{sources: ['salt://one', 'salt://two']}]}
{{ROOT}}/d: {file.append: [{text: [1, true]}]}
{{ROOT}}/e: {file.append: [{text: "x"}, {show_changes: False}]}
rel: {file.append: [{text: x}]}
{{ROOT}}/no/f: {file.append: [{text: x}]}
{{ROOT}}/f: {file.append: [{source: 'salt://none'}]}
{{ROOT}}/g: {file.append: [{source: 'salt://one'}, {sources: ['salt://two']}]}
{{ROOT}}/t: {file.append: [{source: 'salt://tpl'}, {context: {w: ctx}}, {defaults: {w: def, v: dv}}]}
{{ROOT}}/q: {file.append: [{text: "it's \"x  y\" z"}]}
