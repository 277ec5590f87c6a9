#!yamlex
a: !aggregate {y: 2, l: [2]}
l: !aggregate [2, 3]
r: !reset [9]
s: !aggregate two
