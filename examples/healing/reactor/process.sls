# A process that ought to run does not.
start it again:
  local.state.apply:
    - tgt: {{ data['id'] }}
    - args:
      - mods: app
