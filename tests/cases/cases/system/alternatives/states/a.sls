there:
  alternatives.install:
    - name: halite-test
    - link: /usr/bin/t
    - path: /usr/bin/one
    - priority: 50
fresh:
  alternatives.install:
    - name: halite-test
    - link: /usr/bin/t
    - path: /usr/bin/other
    - priority: 10
nothing:
  alternatives.install:
    - name: halite-none
    - link: /usr/bin/t
    - path: /usr/bin/other
    - priority: 10
halite-test:
  alternatives.auto: []
set-unknown:
  alternatives.set:
    - name: halite-test
    - path: /usr/bin/unknown
set-known:
  alternatives.set:
    - name: halite-test
    - path: /usr/bin/one
remove:
  alternatives.remove:
    - name: halite-test
    - path: /usr/bin/one
remove-unknown:
  alternatives.remove:
    - name: halite-test
    - path: /usr/bin/unknown
