{{ROOT}}/a: {file.managed: [{contents_pillar: 'k:t'}]}
{{ROOT}}/b: {file.managed: [{contents_pillar: ['k:t', 'k:u']}]}
{{ROOT}}/c: {file.managed: [{contents_pillar: 'k|t'}, {contents_delimiter: '|'}]}
{{ROOT}}/d: {file.managed: [{contents_pillar: 'k:e'}, {allow_empty: False}]}
{{ROOT}}/e: {file.managed: [{contents: ''}]}
{{ROOT}}/f: {file.managed: [{contents: []}]}
{{ROOT}}/g: {file.managed: [{contents: [1, two]}]}
{{ROOT}}/h: {file.managed: [{contents: 5}]}
{{ROOT}}/i: {file.managed: [{contents: a}, {contents_pillar: 'k:t'}]}
{{ROOT}}/j: {file.managed: [{contents: a}, {mode: keep}]}
{{ROOT}}/k: {file.managed: [{contents_grains: nosuchgrain}]}
{{ROOT}}/l: {file.managed: [{contents: "x\n\n\n"}, {contents_newline: False}]}
{{ROOT}}/m: {file.managed: [{contents_pillar: 'k:list'}]}
