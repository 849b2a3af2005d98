# ./pith test posix: the programs of posixtestsuite here and on Linux.
# shellcheck shell=bash

posix_usage() {
  cat <<'END'
usage: ./pith test posix [--json] [--no-linux] [--only PATTERN] [--jobs N] [--limit S]

Builds the 1,631 programs of Debian's posixtestsuite, runs them one after the other in the Linux environment and on Debian's cloud kernel
in the same emulated machine, and writes the scoreboard docs/results/posix.md. Half an hour and more.
  --json          print verdicts as {"tests": …, "passed": …, "linux_passed": …, "verdicts": {"TEST": [HERE, ON LINUX]}}
  --no-linux      leave Linux out; its verdicts of the last time, if there are any, are taken
  --only PATTERN  only programs that match the extended regular expression, such as ^timer_; prints their verdicts, writes no page
  --jobs N        machines at a time (default: 2)
  --limit S       seconds that a program may take (default: 20)
Exit status: 0 all ran, and at least 97 of 100 that pass on Linux pass here; 1 otherwise; 2 wrong usage.
END
}

posix_main() {
  local json='' with_linux=yes only='' jobs=2 limit=20 folder=$PITH_BUILD/posix
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        posix_usage
        exit 0
        ;;
      --json) json=yes ;;
      --no-linux) with_linux='' ;;
      --only | --jobs | --limit)
        [ $# -gt 1 ] || misused "$1 needs a value"
        case $1 in
          --only) only=$2 ;;
          --jobs) jobs=$2 ;;
          --limit) limit=$2 ;;
        esac
        shift
        ;;
      *) misused "unknown argument $1" ;;
    esac
    shift
  done
  [[ $jobs =~ ^[1-9][0-9]*$ && $limit =~ ^[1-9][0-9]*$ ]] || misused "--jobs and --limit need a number"
  install_packages posix
  build_system default
  "$PITH_ROOT/tools/posix/build-programs" "$folder"
  "$PITH_ROOT/tools/posix/run" --jobs "$jobs" --limit "$limit" --only "${only:-.}" "$folder"
  if [ -n "$only" ]; then
    [ -n "$json" ] || cat "$folder/results"
    [ -z "$json" ] || "$PITH_ROOT/tools/posix/report" --json "$folder"
    exit 0
  fi
  [ -z "$with_linux" ] || "$PITH_ROOT/tools/posix/run-linux" --limit "$limit" "$folder"
  "$PITH_ROOT/tools/posix/report" "$folder" >"$PITH_ROOT/docs/results/posix.md"
  if [ -n "$json" ]; then "$PITH_ROOT/tools/posix/report" --json "$folder"; else sed -n '/^\*\*/p' "$PITH_ROOT/docs/results/posix.md"; fi
  "$PITH_ROOT/tools/posix/report" --json "$folder" |
    awk -F '[:,]' '{ for (i = 1; i < NF; i++) { if ($i ~ /"linux_passed"/) there = $(i + 1); if ($i ~ /"passed_of_linux"/) both = $(i + 1) } exit !(both >= 0.97 * there && both > 0) }'
}
