site:
  port: 8080
  hosts:
    - example.org
    - www.example.org
