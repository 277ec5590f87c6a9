{{ROOT}}/a: {file.managed: [{contents: new}]}
{{ROOT}}/b: {file.managed: [{source: 'salt://n'}, {follow_symlinks: False}]}
{{ROOT}}/c: {file.managed: [{contents: new}, {mode: '0600'}]}
