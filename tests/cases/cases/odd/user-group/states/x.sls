
a: {user.present: [{name: games}]}
b: {user.present: [{name: games}, {uid: 5}, {gid: 60}, {home: /usr/games}]}
c: {user.present: [{name: games}, {fullname: X}, {roomnumber: 5}, {workphone: w}, {homephone: h}, {other: o}]}
d: {user.present: [{name: nosuchuser_zz}, {groups: [nosuchgrp_zz, root]}]}
e: {user.present: [{name: nosuchuser_zz}, {optional_groups: [nosuchgrp_zz, root]}]}
f: {user.present: [{name: games}, {groups: [root, mail]}]}
g: {user.present: [{name: games}, {groups: [root]}, {remove_groups: False}]}
h: {user.present: [{name: games}, {password: '*'}]}
i: {user.present: [{name: games}, {password: 'x'}, {hash_password: False}]}
j: {user.present: [{name: games}, {mindays: 1}, {maxdays: 2}, {inactdays: 3}, {warndays: 4}, {expire: 5}]}
k: {user.present: [{name: games}, {createhome: True}, {home: /nosuch_h}]}
l: {user.present: [{name: games}, {gid: 99999}]}
m: {user.present: [{name: games}, {gid_from_name: True}]}
n: {user.present: [{name: games}, {usergroup: False}]}
o: {user.present: [{name: games}, {empty_password: True}]}
p: {user.present: [{name: games}, {groups: [root]}, {optional_groups: [root, mail]}]}
q: {user.present: [{name: games}, {loginclass: x}]}
r: {user.present: [{name: games}, {unique: False}, {allow_uid_change: True}, {uid: 4444}]}
s: {user.present: [{name: games}, {uid: 4444}]}
t: {user.present: [{name: games}, {gid: 0}, {allow_gid_change: True}]}
u: {user.present: [{name: games}, {shell: /bin/zsh}, {system: True}]}
v: {user.present: [{name: games}, {fullname: 5}]}
w: {user.present: [{name: 5}]}
x: {user.present: [{name: games}, {groups: root}]}
y: {user.present: [{name: games}, {groups: []}]}
z: {user.present: [{name: games}, {bogus: 1}]}
a1: {user.present: [{name: nosuchuser_zz}, {shell: /bin/sh}, {home: /h}, {password: x}, {system: True}]}
a2: {user.absent: [{name: games}, {purge: True}, {force: True}]}
a3: {group.present: [{name: games}]}
a4: {group.present: [{name: games}, {gid: 60}]}
a5: {group.present: [{name: games}, {gid: 61}]}
a6: {group.present: [{name: nosuchgrp_zz}, {gid: 4242}, {system: True}]}
a7: {group.present: [{name: games}, {members: [root]}]}
a8: {group.present: [{name: games}, {addusers: [root, mail]}, {delusers: [games]}]}
a9: {group.present: [{name: games}, {addusers: [root]}, {delusers: [root]}]}
b1: {group.present: [{name: games}, {members: [root]}, {addusers: [mail]}]}
b2: {group.absent: [{name: games}]}
b3: {group.absent: [{name: nosuchgrp_zz}]}
b4: {group.present: [{name: nosuchgrp_zz}, {gid: 60}]}
b5: {group.present: [{name: games}, {gid: '60'}]}
b6: {group.present: [{name: games}, {members: []}]}
b7: {group.present: [{name: games}, {members: root}]}
b8: {user.present: [{name: games}, {date: 1}, {enforce_password: False}, {password: y}]}
b9: {group.present: [{name: nosuchgrp_zz}, {gid: abc}]}
c1: {user.present: [{name: games}, {nologinit: True}]}
c2: {user.present: [{name: nosuchuser_zz}, {uid: 5}]}
c3: {user.present: [{name: games}, {home: '/usr/games/'}]}
