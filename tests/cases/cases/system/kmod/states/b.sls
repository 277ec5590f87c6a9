one:
  kmod.absent
busy:
  kmod.absent
never:
  kmod.absent
two never:
  kmod.absent:
    - mods: [never, nobody]
three:
  kmod.absent:
    - mods: [three]
