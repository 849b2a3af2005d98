#!/usr/bin/env bash
# The fuzz must fail on a kernel with each of the mutations in tests/mutations: a test that cannot fail shows nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for patch in "$PITH_ROOT"/tests/mutations/*.patch; do
  name=$(basename "$patch" .patch)
  mkdir -p "$work/$name"
  (cd "$PITH_ROOT" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$work/$name"
  patch -s -p1 -d "$work/$name" <"$patch"
  if ! { cmake -G Ninja -S "$work/$name" -B "$work/build" && ninja -C "$work/build" -j2 kernel; } >"$work/log" 2>&1; then
    tail -n 20 "$work/log"
    echo "$name: the kernel cannot be built"
    exit 1
  fi
  cp "$PITH_BUILD/image-fuzz" "$work/build/"
  status=0
  "$PITH_BUILD/bin/pith-launch" run --build "$work/build" --system fuzz --timeout 120 </dev/null >"$work/output" 2>&1 || status=$?
  echo "$name: exit status $status"
  # 1: the fuzz found it; 126: the kernel did. Anything else shows nothing.
  if [ $status -ne 1 ] && [ $status -ne 126 ]; then
    tail -n 20 "$work/output"
    exit 1
  fi
  grep -m 3 -aE '^(MISTAKE|CHANGED|MISSING|.*panic)' "$work/output"
  rm -rf "${work:?}/$name" "$work/build"
done
