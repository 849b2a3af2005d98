#!/usr/bin/env bash
# --exec and --file lead to a root file system with the command and the files in it.
set -euo pipefail
# shellcheck source=tests/launch/common.sh
. "$PITH_ROOT/tests/launch/common.sh"

mkdir -p "$work/tree/inner"
echo one >"$work/tree/inner/one"
printf '#!/bin/sh\n' >"$work/tree/script"
chmod +x "$work/tree/script"
ln -s inner/one "$work/tree/link"

# A stand-in for QEMU keeps the image that it is given.
mkdir "$work/bin"
cat >"$work/bin/qemu-system-x86_64" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$WORK/arguments"
while [ "$1" != -initrd ]; do shift; done
cat "$2" >"$WORK/image"
END
chmod +x "$work/bin/qemu-system-x86_64"
WORK=$work PATH="$work/bin:$PATH" "$launch" run --build "$work" --exec 'echo "a b"; exit 3' --file "$work/tree=/opt/tree" \
  --file "$work/tree/script=/usr/bin/" </dev/null 2>/dev/null || [ $? = 125 ]

grep -qx exec "$work/arguments"
# The archive lies in the image as it is: from the first magic number on.
offset=$(grep -abo 070701 "$work/image" | awk -F: 'NR == 1 { print $1 }')
tail -c +"$((offset + 1))" "$work/image" >"$work/archive"
mkdir "$work/root"
(cd "$work/root" && busybox cpio -idm <"$work/archive" 2>/dev/null) || true
[ "$(cat "$work/root/etc/pith/exec")" = 'echo "a b"; exit 3' ]
[ "$(cat "$work/root/opt/tree/inner/one")" = one ]
[ "$(readlink "$work/root/opt/tree/link")" = inner/one ]
[ -x "$work/root/usr/bin/script" ]
[ ! -x "$work/root/opt/tree/inner/one" ]
[ "$(readlink "$work/root/bin/sh")" = busybox ]
