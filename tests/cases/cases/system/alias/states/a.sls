root:
  alias.present:
    - target: admin@example.com
same:
  alias.present:
    - target: here
many:
  alias.present:
    - target: [a, b@example.com]
gone:
  alias.absent
never:
  alias.absent
no-target:
  alias.present
