a:
  file.serialize:
    - name: "{{ROOT}}/a.ini"
    - dataset: {foo: {Bar: "%(x)s", n: 1, l: "a\nb"}, DEFAULT: {x: y}, empty: {}}
    - serializer: configparser
