#!/usr/bin/env bash
# Debian's own bash, perl and other programs with glibc run from a root file system on a disk, and print what they print on the build machine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree/usr/bin" "$tree/usr/lib64" "$tree/usr/lib/x86_64-linux-gnu" "$tree/etc" "$tree/root"
for name in bin lib lib64; do ln -s "usr/$name" "$tree/$name"; done
for program in bash cat cut find grep id ls mkdir mv perl rm sed seq sort stat tail tar touch wc xargs; do
  cp -L "/usr/bin/$program" "$tree/usr/bin/" 2>/dev/null || cp -L "/bin/$program" "$tree/usr/bin/"
  for library in $(ldd "$tree/usr/bin/$program" | grep -o '/lib/x86_64-linux-gnu/[^ ]*'); do
    cp -L "$library" "$tree/usr/lib/x86_64-linux-gnu/"
  done
done
cp -L /lib64/ld-linux-x86-64.so.2 "$tree/usr/lib64/"
ln -s bash "$tree/usr/bin/sh"
cp /etc/passwd /etc/group "$tree/etc/"
"$PITH_ROOT/tools/disk-image" --root --folder "$tree" --size 128M "$work/disk"
cat >"$work/script" <<'END'
cd "$1"
echo "$BASH_VERSION: $((6 * 7)) ${BASH_SOURCE##*/}"
numbers=($(seq 1 1000 | sort -rn | tail -n 3))
echo "${numbers[@]}" "${#numbers[@]}"
perl -e 'my %h = map { $_ => $_ ** 2 } 1 .. 100; my $s = 0; $s += $_ for values %h; print "perl $]: $s\n"; fork or exit 3; wait; print $? >> 8, "\n"'
mkdir -p tree/a tree/b && for i in $(seq 50); do echo "line $i" >tree/a/$i; done
tar cf - tree | (mkdir copy && tar xf - -C copy)
find copy -type f | wc -l
grep -rl 'line 1' copy | sort | xargs cat | sed 's/line/row/' | sort -k 2n | tail -n 2
mv copy/tree/a/7 tree/b && stat -c '%a %s %F' tree/b/7
coproc cat; echo through >&"${COPROC[1]}"; read -r -u "${COPROC[0]}" word; echo "$word"
trap 'echo caught' USR1; kill -USR1 $$
while read -r user _; do echo "$user"; done < <(cut -d: -f1 /etc/passwd | sort | sed -n 1,3p)
rm -r tree copy
(exit 7); echo $?
END
mkdir "$work/here"
bash "$work/script" "$work/here" >"$work/expected" 2>&1
"$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system disk --disk "$work/disk" --file "$work/script=/root/script" --exec 'bash /root/script /root 2>&1' \
  --timeout 60 >"$work/out" 2>"$work/log" </dev/null || { echo "exit status $?"; cat "$work/out" "$work/log"; exit 1; }
diff "$work/expected" "$work/out"
grep -q '^perl 5.*: 338350$' "$work/out"
