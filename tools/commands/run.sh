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
  exec "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" "$@"
}
