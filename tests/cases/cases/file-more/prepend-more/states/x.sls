{{ROOT}}/a: {file.prepend: [{sources: ['salt://one', 'salt://two']}]}
{{ROOT}}/b: {file.prepend: [{text: "h"}, {makedirs: True}]}
{{ROOT}}/n/c: {file.prepend: [{text: "h"}, {makedirs: True}]}
{{ROOT}}/d: {file.prepend: [{text: "x"}, {show_changes: False}]}
