{{ROOT}}/a: {file.managed: [{source: '{{ROOT}}/local'}, {source_hash: 'md5=68b329da9893e34099c7d8ad5cb9c940'}]}
{{ROOT}}/b: {file.managed: [{source: '{{ROOT}}/local'}, {source_hash: '68b329da9893e34099c7d8ad5cb9c941'}]}
{{ROOT}}/c: {file.managed: [{source: '{{ROOT}}/local'}, {source_hash: '{{ROOT}}/sums'}]}
