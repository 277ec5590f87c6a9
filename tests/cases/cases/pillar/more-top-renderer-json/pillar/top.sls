#!json
{"base": {"*": ["a"]}}
