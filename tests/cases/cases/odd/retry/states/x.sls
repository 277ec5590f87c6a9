
a: {test.fail_without_changes: [{retry: True}, {retry: {attempts: 2, interval: 0}}]}
b: {test.fail_without_changes: [{retry: {attempts: 2, interval: 0, until: False}}]}
c: {test.fail_with_changes: [{retry: {attempts: 3, interval: 0}}]}
d: {test.succeed_with_changes: [{retry: {attempts: 2, interval: 0}}]}
e: {test.succeed_with_changes: [{retry: {attempts: 2, interval: 0, until: False}}]}
f: {cmd.run: [{name: 'test -e {{ROOT}}/m && exit 0; touch {{ROOT}}/m; exit 1'}, {retry: {attempts: 3, interval: 0}}]}
g: {test.fail_without_changes: [{retry: {attempts: 1, interval: 0}}]}
h: {test.fail_without_changes: [{retry: {attempts: 0, interval: 0}}]}
i: {test.fail_without_changes: [{retry: {attempts: 2, interval: 0, splay: 0}}]}
j: {test.fail_without_changes: [{retry: {attempts: 2, interval: 0, bogus: 1}}]}
l: {test.fail_without_changes: [{retry: {attempts: 2, interval: 0}}, {parallel: True}]}
