kept: {file.managed: [{name: '{{ROOT}}/a/kept'}, {contents: k}]}
deep: {file.managed: [{name: '{{ROOT}}/a/d/e/kept'}, {contents: k}, {makedirs: True}]}
dir: {file.directory: [{name: '{{ROOT}}/a/whole'}]}
{{ROOT}}/a:
  file.directory:
    - clean: True
    - exclude_pat: '*.keep'
    - require: [{file: kept}, {file: deep}, {file: dir}]
{{ROOT}}/b: {file.directory: [{clean: True}]}
{{ROOT}}/c: {file.directory: [{clean: True}, {exclude_pat: 'E@^x'}]}
