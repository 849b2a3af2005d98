#!/bin/sh
# A hundred lines that use what shell scripts use: functions, loops, here-documents, traps, arithmetic, patterns.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"; echo cleaned up' EXIT
cd "$work" || exit 1

title() {
  echo "== $1"
}

factorial() {
  if [ "$1" -le 1 ]; then
    echo 1
  else
    echo $(($1 * $(factorial $(($1 - 1)))))
  fi
}

is_prime() {
  local n=$1 d=2
  [ "$n" -ge 2 ] || return 1
  while [ $((d * d)) -le "$n" ]; do
    [ $((n % d)) -ne 0 ] || return 1
    d=$((d + 1))
  done
}

title arguments
echo "$# arguments, the second is '$2'"
for argument in "$@"; do echo "<$argument>"; done
shift
echo "first is now $1"

title functions
for n in 1 5 10; do echo "$n! = $(factorial $n)"; done
primes=
n=0
until [ $n -gt 50 ]; do
  if is_prime $n; then primes="$primes $n"; fi
  n=$((n + 1))
done
echo "primes:$primes"

title patterns
for word in alpha beta42 .hidden 'a b' ''; do
  case $word in
    '') echo empty ;;
    .*) echo "$word is hidden" ;;
    *[0-9]*) echo "$word has a digit" ;;
    *' '*) echo "$word has a blank" ;;
    *) echo "$word is plain" ;;
  esac
done
path=/usr/local/lib/thing.tar.gz
echo "${path##*/} ${path%/*} ${path%%.*} ${path#*/} ${#path} ${nothing:-default} ${path:+set}"

title here-documents
name=world
cat >greeting <<END
Hello, $name: $((7 * 6)) $(echo nested)
END
cat >raw <<'END'
No $expansion `here`
END
cat greeting raw
while read -r first rest; do
  echo "[$first] [$rest]"
done <<-END
	one two three
	four
END

title subshells
x=outer
(x=inner; echo "$x")
echo "$x"
{ echo b; echo a; } | sort | tr '\n' ' '
echo
result=$(printf '%s\n' c a b | sort | head -n 1)
echo "$result"

title files
for i in 1 2 3; do echo "line $i" >"file$i"; done
cat file? | sed 's/line/Line/' | awk '{ sum += $2 } END { print NR, sum }'
ls | wc -l
[ -f file1 ] && [ ! -d file1 ] && echo 'a file'
test -e nothing || echo 'not there'
if grep -q 'line 2' file2; then echo found; fi

title loops
i=0
while :; do
  i=$((i + 1))
  [ $((i % 2)) -eq 0 ] && continue
  [ $i -gt 7 ] && break
  printf '%d ' $i
done
echo
set -- z y x
echo "$*" "$#"
IFS=:
set -- $(echo a:b:c)
echo "$1-$2-$3"
(exit 5)
echo "status $?"
