# ./pith run: boots a system in QEMU.
# shellcheck shell=bash

main() {
  if asks_help "$@"; then
    cat "$PITH_ROOT/tools/launch/help.txt"
    exit 0
  fi
  local system
  system=$(default=default option_value --system "$@")
  install_packages run
  build_system "$system"
  # A root file system that lasts is made once; from then on it is the user's.
  if [ "$system" = disk ] && [ -z "$(default='' option_value --disk "$@")" ]; then
    local disk=$PITH_BUILD/root.disk
    if [ ! -f "$disk" ]; then
      say "making $disk"
      "$PITH_ROOT/tools/disk-image" --root --archive "$PITH_BUILD/rootfs.cpio" "$disk" || fail "there is no root file system"
    fi
    set -- --disk "$disk" "$@"
  fi
  exec "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" "$@"
}
