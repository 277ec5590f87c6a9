gone:
  ssh_auth.absent:
    - name: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQDIbm0v
    - user: root
    - config: '{{ROOT}}/keys'
never:
  ssh_auth.absent:
    - name: ZZZZ
    - user: root
    - config: '{{ROOT}}/keys'
file:
  ssh_auth.absent:
    - user: root
    - source: salt://keys.pub
    - config: '{{ROOT}}/filed/keys'
empty-file:
  ssh_auth.absent:
    - user: root
    - source: salt://empty.pub
    - config: '{{ROOT}}/filed/keys'
no-user:
  ssh_auth.absent:
    - name: ZZZZ
    - user: nobody-such
