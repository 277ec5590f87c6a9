bare:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/bare
    - bare: true
mirror:
  git.latest:
    - name: {{ROOT}}/origin
    - target: {{ROOT}}/mirror
    - mirror: true
