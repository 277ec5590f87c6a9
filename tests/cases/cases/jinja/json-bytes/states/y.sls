{{ {'a': 'b'.encode('utf8')} | tojson }}
