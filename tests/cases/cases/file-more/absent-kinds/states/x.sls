{{ROOT}}/f: {file.absent: []}
{{ROOT}}/d: {file.absent: []}
{{ROOT}}/l: {file.absent: []}
{{ROOT}}/ld: {file.absent: []}
{{ROOT}}/none: {file.absent: []}
rel: {file.absent: []}
/: {file.absent: []}
