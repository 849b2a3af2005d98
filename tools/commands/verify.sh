# ./pith verify: what is proved of the kernel, computed or shown from its code.
# shellcheck shell=bash

verify_usage() {
  cat <<'END_OF_TEXT'
usage: ./pith verify [--only ENTRY]... [--all] [--jobs N] [--json]
       ./pith verify --bounds [--json] [--path ENTRY] [--update]
       ./pith verify --list

Proves the kernel's entries from the bitcode that ships: no undefined behaviour, no broken assertion, every invariant of
spec/invariants kept. Then it shows of the same sources, compiled with a trap wherever behaviour is undefined, that no trap can be
reached: that is what the line `undefined behaviour: N entries, 0 not proved` counts. Entries of verify/open.txt and of
verify/open-traps.txt, which are not proved yet, are only tried when named or with --all. Proofs are kept in build/proofs and not
repeated while nothing changes that they depend on.
  --only ENTRY  proves this one
  --all         tries the open ones as well
  --jobs N      proofs at a time (default: number of processors)
  --json        prints {"arch", "operations": [{"name", "result", "paths", "queries", "seconds", "worst_instructions"}],
                "seeded_bugs": {"caught", "total"}, "undefined_behaviour": {"proved", "total"}}; bugs count as caught that
                ./pith test verify/bugs found in this kernel
  --list        prints the entries
--bounds  computes from the kernel's machine code how many instructions each kernel entry runs at most and how many frames it
          clears. The table lands in build/docs/reference/bounds.md as well; measured lengths of the last counted runs of
          ./pith test fuzz recovery stand beside it.
  --json        prints {"arch": "x86_64", "entries": [{"name", "worst_instructions", "clears", "measured"}]}
  --path ENTRY  prints instead where the instructions of an entry's longest path are
  --update      writes the table of docs/bounds.md anew
Exit status: 0 everything is proved or within its bound, 1 something is not, 2 wrong usage.
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

# The longest way of each entry that the prover knows, NAME NUMBER on each line: `Region.share_time` is its RegionShareTime, `fast.Endpoint.call` its fast_call.
worst_cases() {
  "$PITH_BUILD/bin/pith-bounds" "$PITH_BUILD/kernel.elf" --facts "$PITH_ROOT/verify/bounds/facts.txt" --facts "$PITH_ROOT/verify/bounds/loops.txt" --json |
    tr '{' '\n' |
    sed -n 's/.*"name": "\([^"]*\)", "worst_instructions": \([0-9]*\).*/\1 \2/p' |
    sed 's/^fast[.][A-Za-z]*[.]/fast_/; s/^trap[.]fault /fault_raised /; s/^trap[.]line /interrupt_raised /' |
    awk '$1 ~ /[.]/ {
      count = split($1, words, /[._]/)
      $1 = words[1]
      for (i = 2; i <= count; i++) $1 = $1 toupper(substr(words[i], 1, 1)) substr(words[i], 2)
    } { print $1, $2 }'
}

# Proves entries of the kernel, then that they reach no trap. $1: `yes` for one JSON object; the others are the prover's arguments.
verify_proofs() {
  local json=$1 status=0 prove traps counts
  shift
  build pith-prove proof_module
  prove=("$PITH_BUILD/bin/pith-prove" --open "$PITH_ROOT/verify/open.txt" --cache "$PITH_BUILD/proofs" "$@" "$PITH_BUILD/proof.bc")
  traps=("$PITH_BUILD/bin/pith-prove" --traps --open "$PITH_ROOT/verify/open-traps.txt" --cache "$PITH_BUILD/proofs" "$@" "$PITH_BUILD/proof-sanitized.bc")
  if [ -n "$json" ]; then
    build pith-bounds kernel
    worst_cases >"$PITH_BUILD/worst.txt" || true
    counts=$("${traps[@]}" | awk '/^undefined behaviour:/ { print $3 - $5, $3 }') || status=$?
    "${prove[@]}" --json --worst "$PITH_BUILD/worst.txt" --seeded "$("$PITH_ROOT/verify/bugs/run" --count)" --without-traps "$counts" || status=$?
    return "$status"
  fi
  "${prove[@]}" || status=$?
  # Neither a list nor one predicate has to do with traps, and after wrong usage there is nothing more to say.
  case " $* " in *" --list "* | *" --predicate "*) return "$status" ;; esac
  if [ "$status" -lt 2 ]; then "${traps[@]}" || status=$?; fi
  return "$status"
}

main() {
  local bounds='' json='' jobs passed_on=()
  jobs=$(nproc)
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        verify_usage
        exit 0
        ;;
      --bounds) bounds=yes ;;
      --update) passed_on+=(--update "$PITH_ROOT/docs/bounds.md") ;;
      --json) json=yes ;;
      --all | --list | --verbose) passed_on+=("$1") ;;
      --path | --only | --predicate)
        [ $# -gt 1 ] || misused "$1 needs a name"
        passed_on+=("$1" "$2")
        shift
        ;;
      --jobs)
        [[ ${2-} =~ ^[1-9][0-9]*$ ]] || misused "--jobs needs a number"
        jobs=$2
        shift
        ;;
      *) misused "unknown argument \`$1\`" ;;
    esac
    shift
  done
  install_packages verify
  if [ -n "$bounds" ]; then
    verify_bounds ${json:+--json} "${passed_on[@]}"
  else
    verify_proofs "$json" --jobs "$jobs" "${passed_on[@]}"
  fi
}
