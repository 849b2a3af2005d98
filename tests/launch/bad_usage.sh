#!/usr/bin/env bash
# Wrong command lines end with 2, missing or damaged files with 125, each with a reason.
set -euo pipefail
# shellcheck source=tests/launch/common.sh
. "$PITH_ROOT/tests/launch/common.sh"

expect 2 '' --frob
says 'unknown argument .--frob.'
expect 2 '' --cpus none
expect 2 '' --timeout 0
expect 2 '' --exec
expect 2 '' --file "$work/none=/x"
says 'does not exist'
expect 125 '' --system other
says 'no boot image'
printf 'x' | dd of="$work/image-default" bs=1 seek=5000 conv=notrunc status=none
expect 125 '' --exec true
says 'damaged: its checksum is wrong'
rm "$work/kernel.elf"
expect 125 ''
says 'no kernel'

for command in run test torture bench debug clean; do
  "$PITH_ROOT/pith" "$command" --help >"$work/help"
  grep -q "usage: ./pith $command" "$work/help" || { echo "no help of $command"; exit 1; }
done
status=0
"$PITH_ROOT/pith" nonsense 2>/dev/null || status=$?
[ "$status" = 2 ]
