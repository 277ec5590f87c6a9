whole:
  ssh_auth.present:
    - name: ssh-ed25519 BBBB me at home
    - user: root
    - config: '{{ROOT}}/keys'
options:
  ssh_auth.present:
    - name: no-pty,from="a" ssh-rsa CCCC
    - user: root
    - config: '{{ROOT}}/keys'
key:
  ssh_auth.present:
    - name: DDDD
    - user: root
    - enc: ecdsa
    - comment: by hand
    - options: [no-pty]
    - config: '{{ROOT}}/keys'
changed:
  ssh_auth.present:
    - name: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQDIbm0v new
    - user: root
    - config: '{{ROOT}}/keys'
same:
  ssh_auth.present:
    - name: ssh-ed25519 AAAA same
    - user: root
    - config: '{{ROOT}}/keys'
two-words:
  ssh_auth.present:
    - name: EEEE a comment
    - user: root
    - config: '{{ROOT}}/keys'
bad:
  ssh_auth.present:
    - name: '!!'
    - user: root
    - config: '{{ROOT}}/keys'
nobody:
  ssh_auth.present:
    - name: AAAA
    - user: nobody-such
file:
  ssh_auth.present:
    - user: root
    - source: salt://keys.pub
    - config: '{{ROOT}}/filed/keys'
empty-file:
  ssh_auth.present:
    - user: root
    - source: salt://empty.pub
    - config: '{{ROOT}}/filed/keys'
no-file:
  ssh_auth.present:
    - user: root
    - source: salt://none.pub
    - config: '{{ROOT}}/filed/keys'
