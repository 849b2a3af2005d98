#!/usr/bin/env bash
# sqlite_check.sh DISK LEAST MOST: whether /base on a disk is a sound database with all that sqlite_load.sh has committed up to some number of that range; prints the number, and what is wrong.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
disk=$1 least=$2 most=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Where the machine has none the guest's does: it is static.
sqlite=$(command -v sqlite3 || echo "$PITH_BUILD/tests/linux/sqlite3")
for file in base base-wal; do debugfs -R "dump /$file $work/$file" "$disk" >/dev/null 2>&1; done
there=$("$sqlite" "$work/base" 'select ifnull(max(n), 0) from line')
result=$("$sqlite" "$work/base" "pragma integrity_check; select count(*) = 5 * $there from line; select sum(sum) from account;
  select count(*) from line where text <> printf('%0900d', n * 7 + i)" | xargs)
echo "$there"
[ "$result" = 'ok 1 1000 0' ] && [ "$there" -ge "$least" ] && [ "$there" -le "$most" ] || { echo "not $least to $most, or not whole: $result"; exit 1; }
