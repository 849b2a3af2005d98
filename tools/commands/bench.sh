# ./pith bench: measures kernel and system in instructions.
# shellcheck shell=bash

# Every row, in the order in which they are printed. Names stay as they are for ever; new ones are added.
bench_rows=(null_call ipc_0 ipc_4 ipc_10 ipc_64 signal fault map unmap thread_create thread_destroy run_guest
  linux_getpid kernel_text kernel_lines boot_to_shell)

bench_usage() {
  cat <<'END'
usage: ./pith bench [--json]

Measures in instructions (QEMU's -icount shift=0, so the figures are the same on every machine), from user space:
  null_call           entering and leaving the kernel
  ipc_0 … ipc_64      a call and its reply between two address spaces with that many words
  signal              a notification, one way
  fault               a page fault, handled by another component, and back
  map, unmap          one page
  thread_create, thread_destroy
  run_guest           into a guest and back by a system call of it
  linux_getpid        a system call of a Linux program
  kernel_text         bytes of the kernel's code
  kernel_lines        lines of the kernel's code, neutral and x86-64, without blank lines and comments
  boot_to_shell       from the kernel's entry to a Linux program's main
With --json: {"arch": "x86_64", "rows": {…}}; a row that could not be measured is null.
Exit status: 0 all rows measured, 1 some not, 2 wrong usage.
END
}

# Lines `row NAME VALUE` of a run of the machine with the given arguments; its other output goes to standard error.
measure() {
  local output status=0
  output=$("$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --icount --timeout 300 "$@" 2>&1 </dev/null) || status=$?
  grep -aE '^row [a-z0-9_]+ [0-9]+' <<<"$output" || true
  if ! grep -qaE '^row ' <<<"$output"; then
    say "no figures from pith-launch $* (exit status $status):"
    tail -n 5 <<<"$output" >&2
  fi
}

all_rows() {
  measure --system bench
  measure --file "$PITH_BUILD/tests/linux/linux_rows=/bin/linux_rows" --exec linux_rows
  "$PITH_ROOT/tools/kernel-size" | awk '$1 == "text_bytes" { print "row kernel_text", $2 } $1 ~ /_lines$/ { sum += $2 } END { print "row kernel_lines", sum }'
}

main() {
  local json='' rows missing=0 separator='' name value
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        bench_usage
        exit 0
        ;;
      --json) json=yes ;;
      *) misused "unknown argument \`$1\`" ;;
    esac
    shift
  done
  install_packages bench
  build pith-launch kernel linux_rows image-bench image-default
  rows=$(all_rows)
  [ -z "$json" ] || printf '{"arch": "x86_64", "rows": {'
  for name in "${bench_rows[@]}"; do
    value=$(awk -v name="$name" '$1 == "row" && $2 == name { print $3; exit }' <<<"$rows")
    [ -n "$value" ] || missing=$((missing + 1))
    if [ -n "$json" ]; then
      printf '%s"%s": %s' "$separator" "$name" "${value:-null}"
      separator=', '
    else
      printf '%-16s %12s\n' "$name" "${value:-not measured}"
    fi
  done
  [ -z "$json" ] || printf '}}\n'
  [ "$missing" -eq 0 ]
}
