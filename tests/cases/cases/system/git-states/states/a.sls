bare:
  git.present:
    - name: {{ROOT}}/p/bare
normal:
  git.present:
    - name: {{ROOT}}/p/normal
    - bare: false
    - shared: group
full:
  git.present:
    - name: {{ROOT}}/full
forced:
  git.present:
    - name: {{ROOT}}/forced
    - force: true
there:
  git.present:
    - name: {{ROOT}}/origin
    - bare: false
worktree:
  git.present:
    - name: {{ROOT}}/tree
    - bare: false
templated:
  git.present:
    - name: {{ROOT}}/p/templated
    - template: {{ROOT}}/full
    - separate_git_dir: {{ROOT}}/p/separate
    - bare: false
