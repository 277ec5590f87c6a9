roles:
  grains.list_absent:
    - value: [web, never]
roles one:
  grains.list_absent:
    - name: roles
    - value: db
fresh:
  grains.absent
deep:
  grains.absent:
    - destructive: True
    - force: True
deep no force:
  grains.absent:
    - name: conf_map
nosuch:
  grains.absent
single:
  grains.absent:
    - destructive: True
    - force: True
not a list:
  grains.list_absent:
    - name: os
    - value: x
no grain:
  grains.list_absent:
    - name: nosuch
    - value: x
