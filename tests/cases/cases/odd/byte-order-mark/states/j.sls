{{ {'a': '😀 😀 😀', 'b': ['c', '😀', 'dddddddddddd', 'eeeeeeeeeeeeee', 'ffffffffffff', 'gggg'], 'h': ''} | yaml }}
{{ ['', 'é'] | tojson }} {{ ['', 'é'] | json }}
