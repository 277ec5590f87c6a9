fresh:
  grains.present:
    - value: 5
deep:one:two:
  grains.present:
    - value: [a]
roles:
  grains.list_present:
    - value: [web, db]
roles again:
  grains.list_present:
    - name: roles
    - value: [db]
roles one:
  grains.list_present:
    - name: roles
    - value: web
single:
  grains.present:
    - value: word
append to single:
  grains.append:
    - name: single
    - value: more
append converted:
  grains.append:
    - name: single
    - value: more
    - convert: True
append to nothing:
  grains.append:
    - name: nosuch
    - value: x
append to list:
  grains.append:
    - name: conf_list
    - value: y
os:
  grains.exists
nosuch:
  grains.exists
not a list:
  grains.list_present:
    - name: fresh
    - value: x
