rel/path: {file.directory: []}
{{ROOT}}/file: {file.directory: [{backupname: '{{ROOT}}/file.old'}]}
{{ROOT}}/file2: {file.directory: [{backupname: '{{ROOT}}/taken'}]}
{{ROOT}}/file3: {file.directory: [{backupname: '{{ROOT}}/taken2'}, {force: True}]}
{{ROOT}}/l: {file.directory: [{allow_symlink: False}]}
{{ROOT}}/l2: {file.directory: [{force: True}]}
{{ROOT}}/l3: {file.directory: [{mode: '0700'}]}
{{ROOT}}/slash/: {file.directory: []}
{{ROOT}}/u: {file.directory: [{user: nosuchuser}, {group: nosuchgroup}]}
