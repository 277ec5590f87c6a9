a:
  file.serialize:
    - name: "{{ROOT}}/a.ini"
    - dataset: {foo: {abc: 123}}
    - serializer: configparser
    - merge_if_exists: True
    - serializer_opts:
      - defaults: {y: not_used}
    - deserializer_opts:
      - defaults: {x: baz}
