a:
  test.nop: []
  cmd.run:
    - name: 'true'
    - require:
      - test: a
