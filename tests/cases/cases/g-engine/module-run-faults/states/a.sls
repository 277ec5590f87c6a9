a:
  module.run:
    - no.such: []
b:
  module.run:
    - name: no.such
c:
  module.run:
    - test.echo:
d:
  module.run:
    - test.exception:
      - message: boom
