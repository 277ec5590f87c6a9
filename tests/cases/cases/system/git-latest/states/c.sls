head:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/head
    - force_reset: true
    - force_fetch: true
branch:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/branch
    - rev: main
    - force_reset: true
    - force_fetch: true
tag:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/tag
    - rev: v2
    - force_reset: true
    - force_fetch: true
work:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/own
    - rev: main
    - branch: work
    - force_reset: remote-changes
    - force_fetch: true
switch:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/dev
    - rev: main
    - branch: main
    - force_fetch: true
fullforced:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/full
    - force_clone: true
