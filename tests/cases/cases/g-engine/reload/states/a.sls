a:
  test.nop:
    - reload_modules: True
    - reload_grains: True
    - reload_pillar: True
