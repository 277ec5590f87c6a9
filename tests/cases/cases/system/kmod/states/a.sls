one:
  kmod.present
both:
  kmod.present:
    - mods: [two]
nosuch_module:
  kmod.present
some:
  kmod.present:
    - mods: [one, nosuch_module]
