scan:
  ssh_known_hosts.present:
    - name: scanned.example
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
enc:
  ssh_known_hosts.present:
    - name: enc.example
    - enc: ssh-rsa
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
print:
  ssh_known_hosts.present:
    - name: print.example
    - fingerprint: 5d:a4:8e:b0:05:a4:95:37:af:7d:bd:a1:af:d7:62:ed:18:ad:36:ec:c4:d0:0a:c9:70:07:6f:b3:35:76:cc:f8
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
md5:
  ssh_known_hosts.present:
    - name: md5.example
    - fingerprint: 48:23:23:29:3f:e1:d3:14:07:3a:9c:87:24:29:02:44
    - fingerprint_hash_type: md5
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
wrong:
  ssh_known_hosts.present:
    - name: wrong.example
    - fingerprint: aa:bb
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
silent:
  ssh_known_hosts.present:
    - name: silent.example
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
key:
  ssh_known_hosts.present:
    - name: key.example
    - key: FFFF
    - enc: ssh-rsa
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
update:
  ssh_known_hosts.present:
    - name: old.example
    - key: GGGG
    - enc: ssh-rsa
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
port:
  ssh_known_hosts.present:
    - name: port.example
    - port: 2222
    - key: HHHH
    - enc: ssh-rsa
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
both:
  ssh_known_hosts.present:
    - name: both.example
    - key: HHHH
    - fingerprint: aa
    - enc: ssh-rsa
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
there:
  ssh_known_hosts.present:
    - name: one.example
    - key: AAAA
    - enc: ssh-rsa
    - config: '{{ROOT}}/hosts'
    - hash_known_hosts: false
relative:
  ssh_known_hosts.present:
    - name: x.example
    - config: known
    - hash_known_hosts: false
made:
  ssh_known_hosts.present:
    - name: made.example
    - config: '{{ROOT}}/made/hosts'
    - key: IIII
    - enc: ssh-rsa
    - hash_known_hosts: false
nouser:
  ssh_known_hosts.present:
    - name: x.example
    - user: nobody-such
    - config: .ssh/known
    - hash_known_hosts: false
