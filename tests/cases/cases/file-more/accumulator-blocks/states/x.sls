managed:
  file.managed:
    - name: "{{ROOT}}/t"
    - contents: |
        #
pre:
  file.accumulated:
    - require_in:
      - file: prem
    - filename: "{{ROOT}}/t"
    - text: |
        foo
app:
  file.accumulated:
    - require_in:
      - file: appm
    - filename: "{{ROOT}}/t"
    - text: |
        bar
prem:
  file.blockreplace:
    - name: "{{ROOT}}/t"
    - marker_start: "#-- start salt managed zonestart -- PLEASE, DO NOT EDIT"
    - marker_end: "#-- end salt managed zonestart --"
    - content: ''
    - prepend_if_not_found: True
appm:
  file.blockreplace:
    - name: "{{ROOT}}/t"
    - marker_start: "#-- start salt managed zoneend -- PLEASE, DO NOT EDIT"
    - marker_end: "#-- end salt managed zoneend --"
    - content: ''
    - append_if_not_found: True
