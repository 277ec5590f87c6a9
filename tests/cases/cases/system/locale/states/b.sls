xx_YY.UTF-8:
  locale.present
C:
  locale.present
