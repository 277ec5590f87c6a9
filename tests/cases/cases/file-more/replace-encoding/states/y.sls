u:
  file.replace:
    - name: "{{ROOT}}/u"
    - pattern: '^a = .*$'
    - repl: 'a = é'
    - encoding: utf-16
    - backup: False
more:
  file.replace:
    - name: "{{ROOT}}/u"
    - pattern: '^c = .*$'
    - repl: 'c = 3'
    - encoding: utf-16
    - append_if_not_found: True
    - backup: False
