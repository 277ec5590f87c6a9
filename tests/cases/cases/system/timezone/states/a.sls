Europe/Berlin:
  timezone.system:
    - utc: False
other:
  timezone.system:
    - name: America/Denver
clock:
  timezone.system:
    - name: Europe/Berlin
    - utc: True
