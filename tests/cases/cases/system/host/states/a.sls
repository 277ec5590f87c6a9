new.example.org:
  host.present:
    - ip: 10.0.0.5
one:
  host.present:
    - ip: [10.0.0.1]
    - comment: changed
two:
  host.present:
    - ip: 10.0.0.3
moved:
  host.present:
    - name: two
    - ip: 10.0.0.3
    - clean: True
uno:
  host.present:
    - ip: 10.0.0.1
odd2:
  host.present:
    - ip: bad.address
commented:
  host.present:
    - ip: 10.0.0.7
    - comment: with words
