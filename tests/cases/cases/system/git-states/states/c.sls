site.name:
  git.config_set:
    - value: mine
    - repo: {{ROOT}}/origin
number:
  git.config_set:
    - name: site.number
    - value: 12
    - repo: {{ROOT}}/origin
many:
  git.config_set:
    - name: site.many
    - multivar: [a, b]
    - repo: {{ROOT}}/origin
many-text:
  git.config_set:
    - name: site.text
    - multivar: a,b
    - repo: {{ROOT}}/origin
kept:
  git.config_set:
    - name: kept.val
    - value: 1
    - repo: {{ROOT}}/origin
bad-key:
  git.config_set:
    - name: nodot
    - value: 1
    - repo: {{ROOT}}/origin
no-repo:
  git.config_set:
    - name: a.b
    - value: 1
both:
  git.config_set:
    - name: a.b
    - value: 1
    - multivar: [1]
odd:
  git.config_set:
    - name: a.b
    - value: 1
    - repo: {{ROOT}}/origin
    - unknown: 2
unset-many:
  git.config_unset:
    - name: many.val
    - repo: {{ROOT}}/origin
unset-value:
  git.config_unset:
    - name: many.val
    - value_regex: two
    - repo: {{ROOT}}/origin
unset-none:
  git.config_unset:
    - name: no.such
    - repo: {{ROOT}}/origin
unset-norepo:
  git.config_unset:
    - name: no.such
