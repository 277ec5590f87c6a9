{{ROOT}}/a: {file.hardlink: [{target: '{{ROOT}}/t'}]}
{{ROOT}}/b: {file.hardlink: [{target: '{{ROOT}}/t'}, {force: True}]}
{{ROOT}}/p/c: {file.hardlink: [{target: '{{ROOT}}/t'}, {makedirs: True}]}
{{ROOT}}/no/d: {file.hardlink: [{target: '{{ROOT}}/t'}]}
{{ROOT}}/e: {file.hardlink: [{target: '{{ROOT}}/dir'}]}
{{ROOT}}/dir: {file.hardlink: [{target: '{{ROOT}}/t'}]}
rel: {file.hardlink: [{target: relt}]}
