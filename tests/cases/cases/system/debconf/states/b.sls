plain:
  debconf.set_file:
    - source: salt://plain.selections
template:
  debconf.set_file:
    - source: salt://template.selections
    - template: jinja
    - context: {who: me}
    - defaults: {who: nobody, what: thing}
missing:
  debconf.set_file:
    - source: salt://missing.selections
bad-context:
  debconf.set_file:
    - source: salt://plain.selections
    - context: [a]
bad-defaults:
  debconf.set_file:
    - source: salt://plain.selections
    - defaults: 3
