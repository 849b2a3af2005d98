#!/usr/bin/env bash
# A loop of the kernel that may go round more often makes the computed bounds exceed what is allowed: a test that cannot fail shows nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
(cd "$PITH_ROOT" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$work/source"
file=$work/source/kernel/sched/chain.h
sed -i 's/kChainDepth = [0-9]*;/kChainDepth = 60;/' "$file"
if cmp -s "$file" "$PITH_ROOT/kernel/sched/chain.h"; then
  echo "there is no kChainDepth to change"
  exit 1
fi
if ! { cmake -G Ninja -S "$work/source" -B "$work/build" && ninja -C "$work/build" -j2 kernel; } >"$work/log" 2>&1; then
  tail -n 20 "$work/log"
  exit 1
fi
facts=$PITH_ROOT/verify/bounds
if "$PITH_BUILD/bin/pith-bounds" "$work/build/kernel.elf" --facts "$facts/facts.txt" --facts "$facts/loops.txt" >/dev/null 2>"$work/problems"; then
  echo "chains of calls of 60 links are not noticed"
  exit 1
fi
head -n 3 "$work/problems"
grep -q 'entry trap.timer is too long' "$work/problems"
