plain:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/c/plain
branch:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/c/branch
    - branch: dev
switch:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/c/branch
    - branch: main
missing:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/c/missing
    - branch: nothing
unknown:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/c/branch
    - branch: nothing
relative:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: c/x
empty:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/c/plain
    - branch: ''
norepo:
  git.cloned:
    - name: {{ROOT}}/none
    - target: {{ROOT}}/c/none
occupied:
  git.cloned:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/full
