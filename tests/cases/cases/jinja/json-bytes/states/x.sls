{{ ['a', 'b'.encode('utf8')] | json }}
