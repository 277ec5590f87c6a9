a:
  cmd.run:
    - name: echo out; echo err >&2; exit 3
b:
  cmd.run:
    - name: echo $X
    - env:
      - X: set
c:
  cmd.run:
    - names: ['echo 1', 'echo 2']
d:
  cmd.run:
    - name: exit 4
    - success_retcodes: [4]
