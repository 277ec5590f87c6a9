export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null
one() { echo "$1" > "$1"; git add "$1"; git commit -qm "$1"; }
case $1 in
first)
  mkdir {{ROOT}}/origin; cd {{ROOT}}/origin; git init -q -b main .
  one 1; git tag v1; git tag -a -m v2 v2; git branch dev; one 2
  git clone -q . ../other; mkdir ../full; echo x > ../full/x; echo f > ../file; mkdir ../void; git init -q --bare ../empty ;;
second)
  cd {{ROOT}}/origin; one 3; git tag -d v1; git -C ../other tag -d v1; git checkout -q dev; one d; git checkout -q main ;;
rewrite)
  cd {{ROOT}}/origin; git reset -q --hard HEAD~1; one 4; git tag -f v2
  echo local >> {{ROOT}}/branch/1; echo local >> {{ROOT}}/own/1 ;;
esac
