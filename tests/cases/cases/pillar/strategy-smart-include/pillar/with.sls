value: {{ v }}
list: {{ w | json }}
