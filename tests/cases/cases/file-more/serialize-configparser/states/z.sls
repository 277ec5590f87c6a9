list:
  file.serialize:
    - name: "{{ROOT}}/l.ini"
    - dataset: [1]
    - serializer: configparser
percent:
  file.serialize:
    - name: "{{ROOT}}/p.ini"
    - dataset: {a: {b: "5% of"}}
    - serializer: configparser
