relative: {archive.extracted: [{name: out}, {source: 'salt://app.tgz'}]}
if_missing: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {if_missing: x}]}
own_on: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {enforce_ownership_on: x}]}
own_out: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {enforce_ownership_on: /etc}]}
both: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {skip_verify: true}, {skip_files_list_verify: true}]}
user: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {user: nosuchuser}]}
group: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {group: nosuchgroup}]}
format: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {archive_format: arj}]}
nothere: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: '{{ROOT}}/no.tgz'}]}
scheme: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: ['salt://no.tgz', '/no/such.tgz']}]}
password: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {password: x}]}
bomb: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://bomb.tar.gz'}]}
zip_as_tar: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: '{{STATES}}/app.zip'}, {archive_format: tar}]}
tar_as_zip: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: '{{STATES}}/app.tgz'}, {archive_format: zip}, {user: root}]}
twice: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {clean: true}, {clean_parent: true}]}
trim: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: 'salt://app.tgz'}, {trim_output: -1}, {if_missing: '{{ROOT}}'}]}
hash: {archive.extracted: [{name: '{{ROOT}}/o'}, {source: '{{STATES}}/app.tgz'}, {source_hash: d41d8cd98f00b204e9800998ecf8427e}]}
