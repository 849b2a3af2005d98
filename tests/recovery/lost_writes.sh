#!/usr/bin/env bash
# The disk may lose, at a power cut, what was not flushed: in every such state the file system needs its journal only, and what was synced is there. PITH_STATES: how many.
set -euo pipefail
. "$PITH_ROOT/tests/recovery/data/lost_writes.sh"
cat >"$work/load.sh" <<'END'
for i in $(seq 60); do
  seq $i $((i + 3000)) >/disk/new
  mv /disk/new /disk/f$i
  [ $((i % 4)) = 3 ] && mkdir /disk/d$i && ln /disk/f$i /disk/d$i/same
  sync
  echo "synced $i"
  rm -rf /disk/f$((i - 20)) /disk/d$((i - 9))
done
END
acknowledged_load '*' 60 --file "$work/load.sh=/load.sh" --exec 'sh /load.sh' --timeout 60
check_lost_writes "${PITH_STATES:-30}"
