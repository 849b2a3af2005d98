#!/usr/bin/env bash
# What is written here Linux mounts and reads, and what Linux writes is mounted and read here: ext4 and FAT, unmounted before the end, and ext4 as a power cut leaves it.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Writes files into the folder $1: of all sizes, with holes, renamed, cut, removed, linked; the same with Linux's shell and ours. $2: what the file system can.
cat >"$work/fill.sh" <<'END'
cd $1 || exit 1
mkdir -p load/deep/deeper/deepest "load/a folder with blanks"
for i in 0 1 2 3 4 5 6 7 8 9; do
  head -c $((i * i * 9001 + i)) /dev/urandom >load/file$i
  cp load/file$i "load/a folder with blanks/copy number $i with a name that is longer than others"
done
for i in $(seq 150); do echo "small file $i" >load/deep/small$i; done
for i in $(seq 3 7 150); do rm load/deep/small$i; done
for i in $(seq 5 7 150); do mv load/deep/small$i load/deep/deeper/moved$i; done
mv load/file3 load/deep/deeper/deepest/once-file3
mv load/deep/deeper/deepest load/renamed
dd if=/dev/urandom of=load/holes bs=1000 count=3 seek=700 conv=notrunc 2>/dev/null
dd if=/dev/urandom of=load/holes bs=1000 count=3 seek=20 conv=notrunc 2>/dev/null
dd of=load/file9 bs=1000 seek=333 count=0 2>/dev/null
echo appended >>load/file8
if [ $2 = ext4 ]; then
  ln -s ../file1 load/renamed/link
  ln -s a-text-that-is-too-long-to-be-kept-in-the-node-itself-since-that-has-only-sixty-bytes-of-room-for-it load/long-link
  ln load/file2 load/deep/again
  chmod 640 load/file1
fi
sync
END
# What is in the folder $1, one line for each node.
cat >"$work/tell.sh" <<'END'
cd $1/load || exit 1
find . -type f | sort | while read -r file; do echo "$(md5sum <"$file") $(stat -c '%s %h' "$file") $file"; done
find . -type d | sort
[ $2 = fat ] || find . -type l | sort | while read -r link; do echo "$link $(readlink "$link")"; done
[ $2 = fat ] || stat -c '%a' file1
END

# here DISK SYSTEM COMMAND: what it prints in a Linux environment here.
here() {
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system "$2" --disk "$1" --file "$work/fill.sh=/fill.sh" --file "$work/tell.sh=/tell.sh" \
    --exec "$3" --timeout 120 2>"$work/error" </dev/null || { tail -n 20 "$work/error" >&2; return 1; }
}
# there DISK TYPE COMMAND: the same on Linux, mounted at /mnt.
there() {
  "$PITH_ROOT/tools/linux-machine" --disk "$1" --file "$work/fill.sh=/fill.sh" --file "$work/tell.sh=/tell.sh" --timeout 120 \
    "mount -t $2 /dev/vda /mnt || exit 1; $3" || { echo "Linux: exit status $?" >&2; return 1; }
}
same() {
  [ "$(wc -l <"$work/$2")" -gt 150 ] || { echo "$3: only $(wc -l <"$work/$2") nodes"; head "$work/$2"; return 1; }
  cmp "$work/$1" "$work/$2" || { diff "$work/$1" "$work/$2" | head; return 1; }
  echo "$3: $(wc -l <"$work/$1") nodes are the same"
}

for type in ext4 fat; do
  system=default
  linux=ext4
  [ $type = ext4 ] || { system=fat; linux=vfat; }
  for end in unmounted cut; do
    [ $type$end != fatcut ] || continue
    # Without an unmount the journal is as a power cut leaves it.
    [ $end = cut ] && unmount_here='' unmount_there='' || { unmount_here='; cd /; umount /disk' unmount_there='; cd /; umount /mnt'; }
    truncate -s 0 "$work/disk"
    truncate -s 48M "$work/disk"
    [ $type = ext4 ] && mkfs.ext4 -q -F "$work/disk" || mkfs.vfat -F 16 "$work/disk" >/dev/null
    cp "$work/disk" "$work/other"
    here "$work/disk" $system "sh /fill.sh /disk $type && sh /tell.sh /disk $type$unmount_here" >"$work/here"
    there "$work/disk" $linux "sh /tell.sh /mnt $type" >"$work/there"
    same here there "$type, $end, written here and read by Linux"
    there "$work/other" $linux "sh /fill.sh /mnt $type && sh /tell.sh /mnt $type$unmount_there" >"$work/there"
    here "$work/other" $system "sh /tell.sh /disk $type; cd /; umount /disk" >"$work/here"
    same there here "$type, $end, written by Linux and read here"
    for disk in disk other; do
      if [ $type = ext4 ]; then
        # Linux has not unmounted the first one.
        e2fsck -fy -E journal_only "$work/$disk" >"$work/check" 2>&1 || [ $? -le 1 ] || { cat "$work/check"; exit 1; }
        e2fsck -fn "$work/$disk" >"$work/check" 2>&1 || { cat "$work/check"; exit 1; }
      fi
    done
  done
done
