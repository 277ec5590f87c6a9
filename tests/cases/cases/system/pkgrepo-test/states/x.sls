new: {pkgrepo.managed: [{name: 'deb [arch=amd64] https://new.example/ stable main'}, {file: /etc/apt/sources.list.d/new.list}]}
stanza: {pkgrepo.managed: [{name: 'deb https://stanza.example/ stable main'}, {file: /etc/apt/sources.list.d/new.sources}]}
word: {pkgrepo.managed: [{name: base}]}
both: {pkgrepo.managed: [{name: 'deb https://both.example/ stable main'}, {key_url: 'https://x/k'}, {keyid: ABCD}, {keyserver: k}]}
twice: {pkgrepo.managed: [{name: 'deb https://twice.example/ stable main'}, {enabled: true}, {disabled: true}]}
insecure: {pkgrepo.managed: [{name: 'deb https://in.example/ stable main'}, {key_url: 'http://x/k'}, {allow_insecure_key: false}]}
repo: {pkgrepo.managed: [{repo: 'deb https://in.example/ stable main'}]}
gone: {pkgrepo.absent: [{name: 'deb [arch=amd64] https://gone.example/ stable main'}]}
