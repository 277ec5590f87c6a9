a:
  test.nop:
    - require:
      - sls: a
