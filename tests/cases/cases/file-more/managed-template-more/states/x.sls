{{ROOT}}/a: {file.managed: [{source: 'salt://t'}, {template: jinja}, {defaults: {x: d, y: d}}, {context: {x: c}}]}
{{ROOT}}/b: {file.managed: [{contents: '{% raw %}{{ x }}{% endraw %}'}, {template: jinja}, {context: {x: c}}]}
{{ROOT}}/c: {file.managed: [{source: 'salt://t'}, {template: jinja}, {context: notadict}]}
{{ROOT}}/d: {file.managed: [{source: 'salt://t'}, {template: jinja}, {defaults: [1]}]}
{{ROOT}}/e: {file.managed: [{contents: x}, {template: nosuch}]}
{{ROOT}}/f: {file.managed: [{source: 'salt://names'}, {template: jinja}, {mode: '0600'}, {user: root}, {extra: kw}]}
