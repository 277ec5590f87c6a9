kernel.panic:
  sysctl.present:
    - value: 5
    - config: '{{ROOT}}/sysctl.conf'
kernel.ostype:
  sysctl.present:
    - value: New
    - config: '{{ROOT}}/sysctl.conf'
net.ipv4.tcp_rmem:
  sysctl.present:
    - value: 4096 87380 6291456
    - config: '{{ROOT}}/sysctl.conf'
kernel.hostname:
  sysctl.present:
    - value: bad
    - config: '{{ROOT}}/sysctl.conf'
kernel.nosuch:
  sysctl.present:
    - value: 1
    - config: '{{ROOT}}/new/99.conf'
