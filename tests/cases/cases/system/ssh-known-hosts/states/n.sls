noenc:
  ssh_known_hosts.present:
    - name: noenc.example
    - key: HHHH
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
