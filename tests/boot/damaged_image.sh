#!/usr/bin/env bash
# A boot image that is damaged, cut short or missing: the kernel says so and ends the machine; nothing runs.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$PITH_BUILD/image-smoke" "$work/good"
size=$(stat -c %s "$work/good")

# boot IMAGE PATTERN: the machine must end by a kernel panic whose message matches.
boot() {
  local output
  output=$(timeout 60 qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256 -kernel "$PITH_BUILD/kernel.elf" ${1:+-initrd "$1"} -serial null -serial stdio \
    -monitor none -display none -vga none -nic none -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 </dev/null || true)
  grep -qa "pith-panic .*$2" <<<"$output" || {
    echo "image ${1:-(none)}: expected a panic with \`$2\`, got: $output"
    exit 1
  }
}

boot '' 'there is no boot image'
head -c $((size - 4096)) "$work/good" >"$work/short"
boot "$work/short" 'cut short'
for offset in 0 40 200 5000 $((size / 2)) $((size - 1)); do
  cp "$work/good" "$work/flipped"
  value=$(od -An -tu1 -j "$offset" -N 1 "$work/good")
  printf '%b' "\\x$(printf %x $((value ^ 16)))" | dd of="$work/flipped" bs=1 seek="$offset" conv=notrunc status=none
  boot "$work/flipped" 'boot image'
done
