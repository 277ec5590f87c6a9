a:
  cmd.run:
    - name: 'echo; echo changed=yes comment=done'
    - stateful: True
b:
  cmd.run:
    - name: 'echo; echo changed=no comment=quiet'
    - stateful: True
c:
  cmd.run:
    - name: 'echo {"changed": true, "comment": "json", "k": 1}'
    - stateful: True
