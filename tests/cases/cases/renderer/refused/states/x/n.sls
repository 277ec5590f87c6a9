#!nosuch
a: 1
