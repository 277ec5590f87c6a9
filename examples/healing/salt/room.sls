the cache is gone:
  file.absent:
    - name: {{ grains['healing_root'] }}/disk/cache
