{{ROOT}}/a: {file.managed: [{contents: [a, b]}, {new_file_diff: True}]}
{{ROOT}}/b: {file.managed: [{contents: [b, a]}, {ignore_ordering: True}]}
{{ROOT}}/c: {file.managed: [{contents: ['a # new']}, {ignore_comment_characters: '#'}]}
{{ROOT}}/d: {file.managed: [{contents: ['  a']}, {ignore_whitespace: True}]}
{{ROOT}}/e: {file.managed: [{contents: text}]}
