a:
  module.run:
    - test.echo:
      - text: hi
b:
  module.run:
    - name: test.echo
    - text: old
c:
  module.run:
    - test.ping:
    - test.true:
