# ./pith clean: removes everything that was built.
# shellcheck shell=bash

main() {
  if asks_help "$@"; then
    cat <<'END'
usage: ./pith clean

Removes the build folder. Packages and downloaded sources (~/.cache/pith) stay.
END
    exit 0
  fi
  [ $# -eq 0 ] || misused "unknown argument \`$1\`"
  rm -rf -- "$PITH_BUILD"
}
