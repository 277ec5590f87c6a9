head:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/head
branch:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/branch
    - rev: main
tag:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/tag
    - rev: v2
work:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/own
    - rev: main
    - branch: work
remotech:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/upstream
    - remote: upstream
    - rev: main
    - force_reset: remote-changes
keep:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/keep
    - rev: main
    - update_head: false
