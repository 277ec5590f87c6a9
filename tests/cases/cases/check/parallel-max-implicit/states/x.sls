service_a1:
  cmd.run:
    - name: sleep 0.3
    - parallel: True
service_a2:
  cmd.run:
    - name: sleep 0.3
    - parallel: True
service_c:
  cmd.run:
    - name: 'true'
    - parallel: True
    - require:
      - service_b
service_b:
  cmd.run:
    - name: sleep 0.3
    - parallel: True
