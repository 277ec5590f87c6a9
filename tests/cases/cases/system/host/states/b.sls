gone:
  host.absent:
    - ip: 10.0.0.9
never:
  host.absent:
    - ip: [10.0.0.9, 10.0.0.1]
uno:
  host.absent:
    - ip: [10.0.0.1, 10.0.0.77]
10.0.0.5:
  host.only:
    - hostnames: [a, b]
10.0.0.3:
  host.only:
    - hostnames: two
10.0.0.7:
  host.only:
    - hostnames: []
