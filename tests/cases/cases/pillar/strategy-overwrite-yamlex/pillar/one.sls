#!yamlex
a: !aggregate {x: 1, l: [1]}
l: !aggregate [1]
r: !aggregate [1]
s: !aggregate one
