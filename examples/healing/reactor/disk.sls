# A file system is too full: remove what can be made again.
make room:
  local.state.apply:
    - tgt: {{ data['id'] }}
    - args:
      - mods: room
