head:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/head
branch:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/branch
    - rev: main
dev:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/dev
    - rev: dev
    - branch: dev
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
upstream:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/upstream
    - remote: upstream
    - rev: main
full:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/full
forced:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/forced/sub
    - force_clone: true
void:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/void
file:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/file
relative:
  git.latest:
    - name: {{ROOT}}/origin
    - target: some/where
norev:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/norev
    - rev: nothing
nohash:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/nohash
    - rev: abcdef1
depth:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/depth
    - rev: main
    - depth: 1
depthless:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/depthless
    - depth: 1
gone:
  git.latest:
    - name: {{ROOT}}/gone
    - target: {{ROOT}}/g
odd:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/odd
    - unknown: 1
reset:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/reset
    - force_reset: maybe
login:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/login
    - https_user: u
    - https_pass: p
barerev:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/barerev
    - bare: true
    - rev: main
keys:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/keys
    - identity: relative/key
emptyrepo:
  git.latest:
    - name: {{ROOT}}/empty
    - target: {{ROOT}}/emptied
keep:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/keep
    - rev: main
    - update_head: false
