{{ROOT}}/a: {file.directory: [{dir_mode: '0750'}, {file_mode: '0640'}, {recurse: [mode]}]}
{{ROOT}}/b: {file.directory: [{mode: '0700'}, {recurse: [mode, ignore_files]}]}
{{ROOT}}/c: {file.directory: [{dir_mode: '0711'}, {file_mode: '0600'}, {recurse: [mode, ignore_dirs]}]}
{{ROOT}}/d: {file.directory: [{user: games}, {group: games}, {recurse: [user, group]}]}
{{ROOT}}/e: {file.directory: [{mode: '0700'}, {recurse: [mode, silent]}]}
{{ROOT}}/f: {file.directory: [{mode: '0700'}, {recurse: [nosuch]}]}
{{ROOT}}/g: {file.directory: [{mode: '0700'}, {recurse: mode}]}
{{ROOT}}/h: {file.directory: [{mode: '0700'}, {recurse: [ignore_files, ignore_dirs]}]}
