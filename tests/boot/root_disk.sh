#!/usr/bin/env bash
# The Linux environment's root file system is one on a disk: programs run from it, changes are there at the next boot, and what cannot be the root is said clearly.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Boots `disk`, or none, and runs a command; its output is in `out`, the system's in `log`.
run() {
  local disk=$1 expected=$2 actual=0
  shift 2
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system disk ${disk:+--disk "$disk"} --timeout 60 "$@" >"$work/out" 2>"$work/log" </dev/null || actual=$?
  [ "$actual" = "$expected" ] || { echo "exit status $actual, not $expected:"; cat "$work/out" "$work/log"; exit 1; }
}
says() {
  grep -qF -- "$2" "$work/$1" || { echo "does not say: $2"; cat "$work/out" "$work/log"; exit 1; }
}

"$PITH_ROOT/tools/disk-image" --root --archive "$PITH_BUILD/rootfs.cpio" --size 64M "$work/disk"
echo added >"$work/added"
# shellcheck disable=SC2016 # the guest's shell expands it
run "$work/disk" 0 --file "$work/added=/srv/added" --exec 'cp /bin/busybox /usr/bin/again && ln /usr/bin/again /usr/bin/busybox.same && chmod 4711 /usr/bin/busybox.same
  ln -s /usr/bin/busybox.same /busybox-link; chown 7:8 /srv/added; mkdir -p /dir/inner; mv /dir /moved; echo lost >/tmp/memory; /busybox-link echo "$(grep -c " / ext4 rw" /proc/mounts) root, as $(cat /srv/added)"'
says out '1 root, as added'
says log 'linux: root file system: on ext4'
# shellcheck disable=SC2016
run "$work/disk" 0 --exec '/busybox-link echo kept; stat -c "%a %h" /usr/bin/again; stat -c "%u:%g" /srv/added; ls -d /moved/inner /tmp/* /etc/pith/*; sh -c "cmp /bin/busybox /usr/bin/busybox.same && exit 42"; echo "status $?"'
printf 'kept\n4711 2\n7:8\n/moved/inner\nstatus 42\n' | diff "$work/out" -
e2fsck -fn "$work/disk" >"$work/check" 2>&1 || { cat "$work/check"; exit 1; }

# A folder of the host's as it is, with a program that boots it.
mkdir -p "$work/tree/sbin" "$work/tree/bin" "$work/tree/etc"
cp /bin/busybox "$work/tree/bin/sh"
chmod 750 "$work/tree/etc"
printf '#!/bin/sh\necho "started with number $$: $(/bin/busybox stat -c %%a /etc)" >/dev/console\nexec /bin/busybox poweroff -f\n' >"$work/tree/sbin/init"
chmod 755 "$work/tree/sbin/init"
cp -a "$work/tree/bin/sh" "$work/tree/bin/busybox"
"$PITH_ROOT/tools/disk-image" --root --folder "$work/tree" --size 32M "$work/disk"
run "$work/disk" 0
says out 'started with number 1: 750'

# What cannot be the root.
run '' 125 --exec true
says log 'no root file system: ext4: there is no disk with a file system'
cp "$work/disk" "$work/bad"
dd if=/dev/urandom of="$work/bad" bs=1024 seek=1 count=2000 conv=notrunc status=none
run "$work/bad" 125 --exec true
says log 'no root file system: ext4: '
rm -r "$work/tree/bin" "$work/tree/sbin"
"$PITH_ROOT/tools/disk-image" --root --folder "$work/tree" --size 32M "$work/disk"
run "$work/disk" 125
says log 'there is no /sbin/init on the root file system: a shell is started'
says log 'cannot start /bin/sh: error 2'
