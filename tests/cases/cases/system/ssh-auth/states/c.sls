manage:
  ssh_auth.manage:
    - user: root
    - enc: ssh-rsa
    - config: '{{ROOT}}/one'
    - ssh_keys:
      - ssh-ed25519 BBBB me at home
      - ssh-rsa CCCC
