the notice:
  file.managed:
    - name: {{ grains['healing_root'] }}/notice
    - contents: This file is looked after.
