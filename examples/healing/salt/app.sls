the app runs:
  cmd.run:
    - name: setsid {{ grains['healing_root'] }}/healed-app 86400 </dev/null >/dev/null 2>&1 &
    - unless: pgrep -x healed-app
