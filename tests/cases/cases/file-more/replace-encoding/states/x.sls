u:
  file.managed:
    - name: "{{ROOT}}/u"
    - contents: "a = 1\nb = 2"
    - encoding: utf-16
