# ./pith bench: prices of the kernel and of the system in instructions, and the kernel's size.
# shellcheck shell=bash

bench_usage() {
  cat <<'END'
usage: ./pith bench [--json]

Measures under QEMU's instruction counter (-icount shift=0), so every figure is exact and repeatable: one tick is one instruction, user stubs included.
Rows: docs of each in tests/guest/bench.cpp; linux_getpid from a static program in the Linux environment; kernel_text in bytes; kernel_lines of code;
boot_to_shell from kernel entry to the shell's prompt. A row that could not be measured is left out of the table and null with --json.
  --json    {"arch": ..., "rows": {...}}
END
}

# Order of the rows; later ones are added, none is renamed.
bench_rows="null_call ipc_0 ipc_4 ipc_10 ipc_64 signal fault map unmap thread_create thread_destroy run_guest
  linux_getpid kernel_text kernel_lines boot_to_shell"

# `NAME NUMBER` lines of the system bench, which runs in root's place.
bench_kernel() {
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --system bench --icount --timeout 120 </dev/null 2>&1 >/dev/null |
    grep -aE '^[a-z_0-9]+ [0-9]+$'
}

# The kernel's own size, from what it is compiled from.
bench_size() {
  "$PITH_ROOT/tools/kernel-size" | awk '$1 == "text_bytes" { print "kernel_text", $2 } $1 ~ /_lines$/ { sum += $2 } END { print "kernel_lines", sum }'
}

# One boot of the default system: a static program measures getpid, and the Linux component notes the time of its first prompt.
bench_linux() {
  [ -f "$PITH_BUILD/image-default" ] && [ -x "$PITH_BUILD/bin/bench-linux" ] || return 0
  "$PITH_BUILD/bin/pith-launch" run --build "$PITH_BUILD" --icount --timeout 300 --file "$PITH_BUILD/bin/bench-linux=/bin/bench-linux" \
    --exec '/bin/bench-linux; cat /svc/linux/boot_to_shell 2>/dev/null' </dev/null 2>/dev/null | grep -aE '^(linux_getpid|boot_to_shell) [0-9]+$'
}

bench_value() { awk -v name="$1" '$1 == name { value = $2 } END { print value }' "$measured"; }

bench_json() {
  local name value separator=''
  printf '{"arch": "x86_64", "rows": {'
  for name in $bench_rows; do
    value=$(bench_value "$name")
    printf '%s"%s": %s' "$separator" "$name" "${value:-null}"
    separator=', '
  done
  printf '}}\n'
}

bench_table() {
  local name value
  for name in $bench_rows; do
    value=$(bench_value "$name")
    [ -z "$value" ] || printf '%-16s %12s\n' "$name" "$value"
  done
  echo "Instruction counts hide the price of page-table switches, TLB flushes and cache misses."
}

main() {
  local json='' measured
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        bench_usage
        exit 0
        ;;
      --json) json=yes ;;
      *) misused "unknown option $1" ;;
    esac
    shift
  done
  install_packages bench
  build pith-launch kernel image-bench
  measured=$(mktemp)
  # shellcheck disable=SC2064 # now, not then
  trap "rm -f '$measured'" EXIT
  bench_kernel >"$measured" || fail "the system bench did not come through"
  bench_size >>"$measured"
  bench_linux >>"$measured" || true
  if [ -n "$json" ]; then bench_json; else bench_table; fi
}
