{{ROOT}}/a: {file.managed: [{source: ['salt://none', 'salt://two']}]}
{{ROOT}}/b: {file.managed: [{source: ['salt://none', '{{ROOT}}/local']}]}
{{ROOT}}/c: {file.managed: [{source: '{{ROOT}}/local'}]}
{{ROOT}}/d: {file.managed: [{source: 'file://{{ROOT}}/local'}]}
{{ROOT}}/e: {file.managed: [{source: ['salt://none', 'salt://none2']}]}
{{ROOT}}/f: {file.managed: [{source: 'salt://none'}]}
{{ROOT}}/g: {file.managed: [{source: '{{ROOT}}/none'}]}
{{ROOT}}/h: {file.managed: [{source: 'salt://sub/f'}, {mode: keep}]}
{{ROOT}}/i: {file.managed: [{source: 'salt://two?saltenv=base'}]}
