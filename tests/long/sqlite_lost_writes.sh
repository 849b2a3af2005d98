#!/usr/bin/env bash
# SQLite commits in WAL mode on a disk that loses, at a power cut, what was not flushed: in every such state the database is sound and has what was committed. PITH_STATES: how many.
set -euo pipefail
. "$PITH_ROOT/tests/recovery/data/lost_writes.sh"
ln -s "$PITH_ROOT/tests/recovery/data/sqlite_check.sh" "$work/check"
acknowledged_load committed 200 --file "$PITH_ROOT/tests/recovery/data/sqlite_load.sh=/load.sh" --file "$PITH_BUILD/tests/linux/sqlite3=/bin/sqlite3" \
  --exec 'sh /load.sh 200' --timeout 120
check_lost_writes "${PITH_STATES:-200}"
