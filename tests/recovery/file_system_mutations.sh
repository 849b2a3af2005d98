#!/usr/bin/env bash
# Each of the file systems that tests/mutations/CMakeLists.txt changes a line or two of must turn its test red, and a root without roll-back the torture: a test that cannot fail shows nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# noticed NAME TEST FILTER PATTERN: the mutated test fails, and says so in a line like PATTERN.
noticed() {
  local status=0
  timeout 60 "$PITH_BUILD/mutations/$1/$2" --gtest_brief=1 --gtest_filter="$3" >"$work/output" 2>&1 || status=$?
  # 1: a test has failed. Anything else (a crash, the time) shows nothing.
  if [ $status -ne 1 ] || ! grep -aqE "$4" "$work/output"; then
    tail -n 20 "$work/output"
    echo "$1: exit status $status"
    exit 1
  fi
  echo "$1: noticed"
}

power='Ext4.WhenThePowerIsCutWhatWasSyncedIsThere'
noticed no-journal ext4_test "$power" 'Filesystem still has errors|UNEXPECTED INCONSISTENCY'
noticed no-flush ext4_test "$power" 'seed [0-9]+ cut [0-9]+'
noticed early-reply ext4_test "$power" 'seed [0-9]+ cut [0-9]+'
noticed vault-not-rolled-back ext4_crash_test '*' 'method [0-9]+ died at instruction'

# In the machine: root takes nothing back, and the clients that know what files must hold notice.
mkdir "$work/components"
ln -s "$PITH_BUILD"/components/* "$work/components/"
ln -sf "$PITH_BUILD/mutations/no-roll-back/injecting_root" "$work/components/"
ln -s "$PITH_BUILD/kernel.elf" "$PITH_BUILD/rootfs.cpio" "$PITH_BUILD/bin" "$work/"
"$PITH_BUILD/bin/pith-manifest" pack "$PITH_ROOT/tests/systems/faults.toml" --components "$work/components" --module "rootfs=$PITH_BUILD/rootfs.cpio" \
  -o "$work/image-faults"
status=0
"$PITH_BUILD/bin/pith-torture" --build "$work" --faults 200 --targets ext4,fat --log "$work/log" --timeout 120 >"$work/output" 2>&1 || status=$?
if [ $status -ne 1 ] || ! grep -aqE 'check: (ext4|fat) (lost|doubled|wrong):' "$work/log"; then
  tail -n 20 "$work/output"
  echo "no-roll-back in the machine: exit status $status"
  exit 1
fi
echo "no-roll-back in the machine: $(grep -a '^results' "$work/output")"
