gone:
  ssh_known_hosts.absent:
    - name: one.example
    - config: '{{ROOT}}/hosts'
never:
  ssh_known_hosts.absent:
    - name: none.example
    - config: '{{ROOT}}/hosts'
relative:
  ssh_known_hosts.absent:
    - name: x.example
    - config: known
