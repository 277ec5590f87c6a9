Europe/Berlin:
  timezone.system:
    - utc: False
clock:
  timezone.system:
    - name: Europe/Berlin
