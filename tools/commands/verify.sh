# ./pith verify: what is proved of the kernel, computed or shown from its code.
# shellcheck shell=bash

verify_usage() {
  cat <<'END_OF_TEXT'
usage: ./pith verify --bounds [--json] [--path ENTRY]

--bounds  computes from the kernel's machine code how many instructions each kernel entry runs at most and how many frames it
          clears. The table lands in build/docs/reference/bounds.md as well; measured lengths of the last counted runs of
          ./pith test fuzz recovery stand beside it.
  --json        prints {"arch": "x86_64", "entries": [{"name", "worst_instructions", "clears", "measured"}]}
  --path ENTRY  prints instead where the instructions of an entry's longest path are
Exit status: 0 every entry is within its bound, 1 some are not or no bound exists, 2 wrong usage.
END_OF_TEXT
}

# Everything that pith-bounds reads and writes.
verify_bounds() {
  build pith-bounds kernel
  local arguments=() file
  for file in "$PITH_ROOT"/verify/bounds/{facts,loops}.txt; do arguments+=(--facts "$file"); done
  for file in "$PITH_BUILD"/measured/*.txt; do
    [ ! -f "$file" ] || arguments+=(--measured "$file")
  done
  mkdir -p "$PITH_BUILD/docs/reference"
  "$PITH_BUILD/bin/pith-bounds" "$PITH_BUILD/kernel.elf" "${arguments[@]}" --page "$PITH_BUILD/docs/reference/bounds.md" "$@"
}

main() {
  local bounds='' passed_on=()
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        verify_usage
        exit 0
        ;;
      --bounds) bounds=yes ;;
      --json) passed_on+=(--json) ;;
      --path)
        [ $# -gt 1 ] || misused "--path needs an entry"
        passed_on+=(--path "$2")
        shift
        ;;
      *) misused "unknown argument \`$1\`" ;;
    esac
    shift
  done
  [ -n "$bounds" ] || misused "--bounds is all that can be verified so far"
  install_packages verify
  verify_bounds "${passed_on[@]}"
}
