{{ROOT}}/a: {file.managed: [{contents: good}, {check_cmd: grep -q good}]}
{{ROOT}}/b: {file.managed: [{contents: bad}, {check_cmd: grep -q good}]}
{{ROOT}}/c: {file.managed: [{contents: bad}, {check_cmd: "sh -c 'echo out; echo err >&2; exit 3'"}]}
{{ROOT}}/d: {file.managed: [{contents: same}, {check_cmd: 'false'}]}
