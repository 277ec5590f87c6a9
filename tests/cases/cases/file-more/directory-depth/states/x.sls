{{ROOT}}/a: {file.directory: [{dir_mode: '0750'}, {file_mode: '0640'}, {recurse: [mode]}, {max_depth: 1}]}
{{ROOT}}/b: {file.directory: [{dir_mode: '0750'}, {file_mode: '0640'}, {recurse: [mode]}, {children_only: True}]}
{{ROOT}}/c: {file.directory: [{max_depth: 1}, {clean: True}]}
