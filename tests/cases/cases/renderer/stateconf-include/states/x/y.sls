#!stateconf -G yaml . jinja
include:
  - .z
exclude:
  - sls: .w
.a:
  test.nop:
    - name: "{{ sls_dir }} {{ sls }}"
    - require:
      - test: .z::b
