a:
  test.nop:
    - onlyif: 'false'
    - unless: 'true'
b:
  test.nop:
    - onlyif: 'true'
    - unless: 'true'
c:
  test.nop:
    - creates: /etc
    - onlyif: 'false'
