# ./pith bench: measures kernel and system in instructions.
# shellcheck shell=bash

main() {
  if asks_help "$@"; then
    echo "usage: ./pith bench"
    exit 0
  fi
}
