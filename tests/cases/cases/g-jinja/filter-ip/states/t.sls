{%- set words = ['beta', 'Alpha', 'gamma', 'alpha'] -%}
{%- set nums = [3, 1, 2, 10, -4] -%}
{%- set people = [{'n': 'zoe', 'age': 30, 'tags': ['x']}, {'n': 'Adam', 'age': 25, 'tags': []}, {'n': 'bob', 'age': 30}] -%}
{%- set d = {'b': 1, 'a': {'x': [1, {'y': None}], 'z': 'q'}, 3: 'three', 'C': 2.5} -%}
{%- set text = 'The quick  brown fox\njumps <over> "the" lazy dog' -%}
1: {{ '192.168.0.1' | is_ip }}
2: {{ 'fe80::' | is_ipv6 }}
3: {{ 'x' | is_ip }}
4: {{ ['192.168.0.1', 'fe80::1', 'x'] | ipaddr }}
5: {{ ['192.168.0.1', 'fe80::1'] | ipv4 }}
6: {{ ['192.168.0.1', 'fe80::1'] | ipv6 }}
7: {{ '192.168.0.12/24' | ip_host }}
8: {{ '192.168.0.0/29' | network_hosts }}
9: {{ '192.168.0.0/29' | network_size }}
10: {{ '192.168.0.1' | is_ipv4(options='global') }}
11: {{ '10.0.0.1/8' | ipaddr }}
12: {{ 'fe80::1%eth0' | is_ipv6 }}
13: {{ '2001:db8::1' | ipwrap }}
14: {{ ['10.0.0.1', '2001:db8::1'] | ipwrap }}
15: {{ '127.0.0.1' | ipaddr('loopback') }}
16: {{ '256.1.1.1' | is_ipv4 }}
