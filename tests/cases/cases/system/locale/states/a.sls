en_US.UTF-8:
  locale.present
'en_US.UTF-8 UTF-8':
  locale.present
de_DE.UTF-8:
  locale.present
