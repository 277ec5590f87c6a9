# A file made of a template, with data from pillar and grains.
{%- set root = grains.get('demo_root', '/tmp/halite-demo') %}

{{ root }}/etc:
  file.directory:
    - makedirs: True

{{ root }}/etc/motd:
  file.managed:
    - source: salt://motd.j2
    - template: jinja
    - mode: '0644'
    - require:
      - file: {{ root }}/etc
