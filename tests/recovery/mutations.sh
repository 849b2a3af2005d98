#!/usr/bin/env bash
# Each of the programs in tests/mutations/components, in the system of tests/recovery/bank.test, must turn it red: a test that cannot fail shows nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for patch in "$PITH_ROOT"/tests/mutations/components/*.patch; do
  name=$(basename "$patch" .patch)
  mkdir -p "$work/$name/components"
  ln -s "$PITH_BUILD"/components/* "$work/$name/components/"
  for program in "$PITH_BUILD/mutations/$name"/*; do
    [ "${program##*.}" = cpp ] || ln -sf "$program" "$work/$name/components/"
  done
  ln -s "$PITH_BUILD/kernel.elf" "$PITH_BUILD/rootfs.cpio" "$work/$name/"
  "$PITH_BUILD/bin/pith-manifest" pack "$PITH_ROOT/tests/systems/bank.toml" --components "$work/$name/components" -o "$work/$name/image-bank"
  status=0
  "$PITH_BUILD/bin/pith-launch" run --build "$work/$name" --system bank --icount --timeout 300 </dev/null >"$work/output" 2>&1 || status=$?
  # 1: the client found that something is wrong. Anything else shows nothing.
  if [ $status -ne 1 ] || ! grep -aE -m 2 'teller: (operation|failed)' "$work/output"; then
    tail -n 20 "$work/output"
    echo "$name: exit status $status"
    exit 1
  fi
  echo "$name: noticed"
done
