export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null
one() { echo "$1" > "$1"; git add "$1"; git commit -qm "$1"; }
mkdir {{ROOT}}/origin; cd {{ROOT}}/origin; git init -q -b main .
one 1; git tag v1; git branch dev; one 2
git config many.val one; git config --add many.val two; git config many.other x; git config kept.val 1
git clone -q . ../dirty; echo more >> ../dirty/1; echo new > ../dirty/3; git worktree add -q ../tree dev
mkdir ../full; echo x > ../full/x; mkdir ../forced; echo x > ../forced/x
