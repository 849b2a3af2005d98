#!/usr/bin/env bash
# The machine is ended at random moments while SQLite commits in WAL mode on ext4: the database is sound each time, and every transaction that was answered is in it whole. PITH_CUTS: how often.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
cuts=${PITH_CUTS:-50}
work=$(mktemp -d)
guest=0
trap '[ "$guest" = 0 ] || kill -9 "$guest" 2>/dev/null || true; rm -rf "$work"' EXIT
sqlite=$PITH_BUILD/tests/linux/sqlite3
"$PITH_ROOT/tools/disk-image" --size 64M "$work/disk"
cat >"$work/load.sh" <<'END'
# A transaction: five lines, and one of ten accounts gives to another. What follows a commit in the input is run when it has been answered.
n=$(sqlite3 /disk/base 'select ifnull(max(n), 0) from line' 2>/dev/null) || n=0
{
  echo '.bail on
    pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 40;
    create table if not exists line (n integer, i integer, text text, primary key (n, i));
    create table if not exists account (id integer primary key, sum integer);
    insert or ignore into account (id, sum) values (0, 100), (1, 100), (2, 100), (3, 100), (4, 100), (5, 100), (6, 100), (7, 100), (8, 100), (9, 100);'
  while :; do
    n=$((n + 1))
    echo 'begin;'
    for i in 1 2 3 4 5; do echo "insert into line values ($n, $i, printf('%0900d', $n * 7 + $i));"; done
    echo "update account set sum = sum - $n where id = $n % 10; update account set sum = sum + $n where id = ($n + 3) % 10; commit;"
    echo ".shell echo committed $n"
  done
} | sqlite3 /disk/base 2>&1
END
last=0 total=0
for cut in $(seq "$cuts"); do
  : >"$work/out"
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --disk "$work/disk" --file "$work/load.sh=/load.sh" --file "$sqlite=/bin/sqlite3" --exec "sh /load.sh" \
    >"$work/out" 2>"$work/log" </dev/null &
  guest=$!
  for _ in $(seq 300); do
    ! grep -q committed "$work/out" || break
    sleep 0.1
  done
  grep -q committed "$work/out" || { echo "cut $cut: nothing was committed"; tail -n 20 "$work/out" "$work/log"; exit 1; }
  sleep $((RANDOM % 2)).$((RANDOM % 900 + 100))
  # The machine at once, not by way of the launcher; then the launcher has nothing left to wait for.
  pkill -9 -P "$guest"
  wait "$guest" || true
  guest=0
  if grep -v '^committed\|^wal$\|^full$\|^40$' "$work/out"; then exit 1; fi
  newest=$(sed -n 's/^committed \([0-9][0-9]*\)$/\1/p' "$work/out" | tail -n 1)
  cp "$work/disk" "$work/copy"
  e2fsck -fy -E journal_only "$work/copy" >"$work/check" 2>&1 || [ $? -le 1 ] || { cat "$work/check"; exit 1; }
  e2fsck -fn "$work/copy" >"$work/check" 2>&1 || { echo "cut $cut:"; cat "$work/check"; exit 1; }
  rm -f "$work"/base*
  for file in base base-wal; do debugfs -R "dump /$file $work/$file" "$work/copy" >/dev/null 2>&1; done
  read -r there < <("$sqlite" "$work/base" 'select max(n) from line')
  result=$("$sqlite" "$work/base" "pragma integrity_check; select count(*) = 5 * $there from line; select sum(sum) from account;
    select count(*) from line where text <> printf('%0900d', n * 7 + i)" | xargs)
  # One that was under way may be there: whole.
  if [ "$result" != 'ok 1 1000 0' ] || [ "$there" -lt "$newest" ] || [ "$there" -gt $((newest + 1)) ]; then
    echo "cut $cut: committed $newest, there $there: $result"
    [ -z "${PITH_KEEP:-}" ] || cp "$work/disk" "$PITH_KEEP"
    exit 1
  fi
  total=$((total + newest - last))
  last=$there
done
echo "$cuts cuts, $total transactions committed in between, $last in the database"
