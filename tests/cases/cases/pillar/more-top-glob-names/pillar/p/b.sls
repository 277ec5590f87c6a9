b: {{ sls }}
