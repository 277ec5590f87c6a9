# A site: content, settings, and a command that runs only when the settings changed.
{%- set root = grains.get('demo_root', '/tmp/halite-demo') %}
{%- set site = pillar['site'] %}

include:
  - motd

site_settings:
  file.managed:
    - name: {{ root }}/etc/site.conf
    - contents: |
        listen {{ site.port }}
        {%- for host in site.hosts %}
        host {{ host }}
        {%- endfor %}
    - require:
      - sls: motd

site_content:
  file.managed:
    - name: {{ root }}/www/index.html
    - source: salt://web/index.html
    - makedirs: True

reload_site:
  cmd.run:
    - name: echo "reloaded" >> {{ root }}/reloads.log
    - onchanges:
      - file: site_settings
