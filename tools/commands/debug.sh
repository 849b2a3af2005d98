# ./pith debug: boots a system under gdb.
# shellcheck shell=bash

main() {
  if asks_help "$@"; then
    cat <<'END'
usage: ./pith debug [--component NAME] [--system NAME] [--gdb PORT] [RUN-OPTION]...

Boots a system that waits for gdb before its first instruction, and starts gdb with the kernel's symbols.
In gdb, `component NAME` adds the symbols of a component (all lie at the same address: one at a time), `kernel` goes back
to the kernel's alone; --component does it at the start. A breakpoint there also
stops others that run at that address. What the system prints lies in build/debug-console.txt.
Other options are those of ./pith run.
END
    exit 0
  fi
  local system port component arguments=()
  system=$(default=default option_value --system "$@")
  port=$(default=1234 option_value --gdb "$@")
  component=$(default='' option_value --component "$@")
  while [ $# -gt 0 ]; do
    case $1 in
      --component | --gdb) shift ;;
      --component=* | --gdb=*) ;;
      *) arguments+=("$1") ;;
    esac
    [ $# -eq 0 ] || shift
  done
  [[ $port =~ ^[0-9]+$ ]] || misused "\`$port\` is no port"
  install_packages debug
  build_system "$system"
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --gdb "$port" "${arguments[@]}" \
    </dev/null >"$PITH_BUILD/debug-console.txt" 2>&1 &
  local machine=$!
  # shellcheck disable=SC2064
  trap "kill $machine 2>/dev/null || true" EXIT
  local commands=(-ex "cd $PITH_BUILD" -ex "file kernel.elf" -x "$PITH_ROOT/tools/debug/commands.gdb" -ex "target remote 127.0.0.1:$port")
  [ -z "$component" ] || commands+=(-ex "component $component")
  gdb -q "${commands[@]}"
}
