#!/usr/bin/env bash
# Each of the mutations in tests/mutations must turn a test red: a test that cannot fail shows nothing. A patch names its run in a line
# `test: OPTIONS` before the change, or several in such lines; without one it is the fuzz.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One copy for all of them, so that each compiles only what it changes.
mkdir "$work/source"
(cd "$PITH_ROOT" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$work/source"
cmake -G Ninja -S "$work/source" -B "$work/build" >"$work/log" 2>&1 || { tail -n 20 "$work/log" && exit 1; }
cp "$PITH_BUILD/image-fuzz" "$PITH_BUILD/image-stress" "$PITH_BUILD/image-timing" "$work/build/"
for patch in "$PITH_ROOT"/tests/mutations/*.patch; do
  name=$(basename "$patch" .patch)
  patch -s -p1 -d "$work/source" <"$patch"
  if ! ninja -C "$work/build" -j2 kernel >"$work/log" 2>&1; then
    tail -n 20 "$work/log"
    echo "$name: the kernel cannot be built"
    exit 1
  fi
  mapfile -t runs < <(sed -n 's/^test: //p' "$patch")
  [ ${#runs[@]} -gt 0 ] || runs=("--system fuzz --timeout 120")
  for run in "${runs[@]}"; do
    eval "options=($run)"
    status=0
    # shellcheck disable=SC2154 # set by eval
    "$PITH_BUILD/bin/pith-launch" run --build "$work/build" "${options[@]}" </dev/null >"$work/output" 2>&1 || status=$?
    echo "$name: exit status $status"
    # 1: the test found it; 126: the kernel did. Anything else shows nothing.
    if [ $status -ne 1 ] && [ $status -ne 126 ]; then
      tail -n 20 "$work/output"
      exit 1
    fi
    grep -m 3 -aE '^(MISTAKE|CHANGED|MISSING|SILENT|STUCK|FAILED|.*panic)' "$work/output"
  done
  patch -s -R -p1 -d "$work/source" <"$patch"
done
