# ./pith torture: makes faults in running services.
# shellcheck shell=bash

main() {
  if asks_help "$@"; then
    cat "$PITH_ROOT/tools/torture/help.txt"
    exit 0
  fi
  install_packages run
  build pith-launch pith-torture kernel image-faults
  exec "$PITH_BUILD/bin/pith-torture" --build "$PITH_BUILD" "$@"
}
