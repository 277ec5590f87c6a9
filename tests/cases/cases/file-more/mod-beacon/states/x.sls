gone:
  file.absent:
    - name: /nonexistent/nothing
    - beacon: True
unwanted:
  file.directory:
    - name: /tmp
    - beacon: False
