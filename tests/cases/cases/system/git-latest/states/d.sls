moved:
  git.latest:
    - name: {{ROOT}}/other
    - target: {{ROOT}}/full
    - rev: main
    - force_reset: true
    - force_fetch: true
newbranch:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/full
    - rev: dev
    - branch: fresh
hash:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/full
    - rev: v2
    - branch: fromtag
