{{ROOT}}/a: {file.managed: [{mode: '0600'}]}
{{ROOT}}/b: {file.managed: [{contents: b}, {replace: False}, {mode: '0600'}]}
{{ROOT}}/c: {file.managed: [{contents: c}, {user: games}, {group: games}]}
{{ROOT}}/p/q/d: {file.managed: [{contents: d}, {makedirs: True}, {mode: '0640'}]}
{{ROOT}}/r/s/e: {file.managed: [{source: 'salt://e'}, {makedirs: True}, {dir_mode: '0711'}, {mode: keep}]}
{{ROOT}}/no/f: {file.managed: [{contents: f}]}
{{ROOT}}/g: {file.managed: [{contents: g}, {mode: 0o600}]}
{{ROOT}}/h: {file.managed: [{contents: h}, {mode: 1777}]}
{{ROOT}}/i: {file.managed: [{contents: i}, {file_mode: '0600'}]}
{{ROOT}}/new: {file.managed: []}
