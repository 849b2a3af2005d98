# ./pith test: builds and runs tests, says how many passed.
# shellcheck shell=bash

test_usage() {
  cat <<'END'
usage: ./pith test [--list] [--jobs N] [NAME]...
       ./pith test posix [OPTION]...

Runs tests and prints one line for each, the kernel's size against its limits, and at the end `N passed, N failed`.
NAME is a layer or one test as LAYER/NAME; `all` is every layer. Without a name: the layers marked `default`.
  --list    print the tests instead of running them
  --jobs N  how many at a time (default: number of processors)
`posix` runs Debian's posixtestsuite here and on Linux (./pith test posix --help).
Exit status: 0 all passed, 1 some failed, 2 wrong usage. Layers:
END
  layers '[^ ]*' | while read -r layer state text; do printf '  %-9s %-8s %s\n' "$layer" "$state" "$text"; done
}

# Rows of the table of layers whose state matches $1.
layers() { awk -v state="^($1)\$" '!/^#/ && NF && $2 ~ state' "$PITH_ROOT/tests/layers.txt"; }

# All tests of a layer; those of unit are known after configuring.
tests_of() {
  if [ "$1" = unit ]; then
    awk '{ print "unit/" $1 }' "$PITH_BUILD/host-tests.txt"
    return
  fi
  local path
  for path in "$PITH_ROOT/tests/$1"/*; do
    case $path in
      *.test) path=${path%.test} ;;
      *.sh) [ -x "$path" ] || continue; path=${path%.sh} ;;
      *) continue ;;
    esac
    printf '%s/%s\n' "$1" "${path##*/}"
  done
}

# The tests that the names choose, in the order of the layers, each once.
choose_tests() {
  local layer name wanted=" $* "
  if [ $# -eq 0 ]; then wanted=" $(layers default | awk '{ print $1 }' | tr '\n' ' ')"; fi
  for layer in $(layers '[^ ]*' | awk '{ print $1 }'); do
    while read -r name; do
      case $wanted in *" all "* | *" $layer "* | *" $name "*) printf '%s\n' "$name" ;; esac
    done < <(tests_of "$layer")
  done
}

check_names() {
  local name known
  known=$'all\n'$(layers '[^ ]*' | awk '{ print $1 }')$'\n'$(choose_tests all)
  for name in "$@"; do grep -qxF -- "$name" <<<"$known" || misused "there is no layer or test $name"; done
}

# Runs one test in the background and leaves its verdict in $results.
run_one() {
  local test=$1 report=$results/${1//\//-} begin=$EPOCHREALTIME verdict=ok
  "$PITH_ROOT/tools/test/one" "$test" >"$report" 2>&1 </dev/null || verdict=FAILED
  printf '%-6s %-36s %6.1f s\n' "$verdict" "$test" "$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
  [ $verdict = ok ] || sed 's/^/       /' "$report"
  echo "$verdict" >"$report.verdict"
}

run_all() {
  local test running=0
  for test in "$@"; do
    if [ "$running" -ge "$jobs" ]; then
      wait -n || true
      running=$((running - 1))
    fi
    run_one "$test" &
    running=$((running + 1))
  done
  wait
}

# What a selection needs built: guest tests need every system.
targets_for() {
  echo pith-launch pith-manifest kernel host_test_list
  grep -q '^unit/' <<<"$1" && echo host_tests
  grep -qE "^(launch|manifest)/" <<<"$1" && echo guest_programs rootfs
  grep -qE '^(boot|linux|time|perf|recovery|fuzz|long)/' <<<"$1" && echo images guest_programs
  grep -q '^recovery/' <<<"$1" && echo pith-torture pith-layout mutated_programs
  grep -q '^bounds/' <<<"$1" && echo pith-bounds
  grep -qE '^(verify/|long/(bugs|concrete|refinement|replay)$)' <<<"$1" && echo pith-prove proof_module pith-replay
  grep -qE '^(fuzz/|long/fuzz$)' <<<"$1" && echo fuzzers
  return 0
}

main() {
  local names=() lists='' jobs results tests passed failed
  if [ "${1-}" = posix ]; then
    shift
    # shellcheck source=tools/posix/command.sh
    . "$PITH_ROOT/tools/posix/command.sh"
    posix_main "$@"
    return
  fi
  jobs=$(nproc)
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        test_usage
        exit 0
        ;;
      --list) lists=yes ;;
      --jobs)
        jobs=${2-}
        [[ $jobs =~ ^[1-9][0-9]*$ ]] || misused "--jobs needs a number"
        shift
        ;;
      -*) misused "unknown option $1" ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  install_packages test
  build host_test_list
  check_names "${names[@]}"
  tests=$(choose_tests "${names[@]}")
  if [ -n "$lists" ]; then
    printf '%s\n' "$tests"
    exit 0
  fi
  # shellcheck disable=SC2046 # words on purpose
  build $(targets_for "$tests")
  results=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$results'" EXIT
  # shellcheck disable=SC2086
  run_all $tests
  "$PITH_ROOT/tools/kernel-size" | awk '{ printf "kernel %s: %d of at most %d\n", $1, $2, $3 }'
  passed=$(cat "$results"/*.verdict 2>/dev/null | grep -c '^ok$' || true)
  failed=$(cat "$results"/*.verdict 2>/dev/null | grep -c '^FAILED$' || true)
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
