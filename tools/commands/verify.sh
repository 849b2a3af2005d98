# ./pith verify: what is proved of the kernel, computed or shown from its code.
# shellcheck shell=bash

verify_usage() {
  cat <<'END_OF_TEXT'
usage: ./pith verify [--only ENTRY]... [--all] [--jobs N] [--json]
       ./pith verify --bounds [--json] [--path ENTRY] [--update]
       ./pith verify --figures [--update]
       ./pith verify --list

Proves the kernel's entries from the bitcode that ships: no undefined behaviour, no broken assertion, every invariant of
spec/invariants kept. Then it shows of the same sources, compiled with a trap wherever behaviour is undefined, that no trap can be
reached: that is what the line `undefined behaviour: N entries, 0 not proved` counts. Last, of some operations, that their effect is the
specification's (`refinement: …`). Entries of verify/open.txt, open-traps.txt and open-refinement.txt, which are not proved yet, are only
tried when named or with --all. Proofs are kept in build/proofs and not repeated while nothing changes that they depend on.
A state that shows a failure is run natively, and a line under the failure says `replayed:` or `not reproduced:`; the state is kept in
build/counterexamples.
  --only ENTRY  proves this one
  --all         tries the open ones as well
  --jobs N      proofs at a time (default: number of processors)
  --json        prints {"arch", "operations": [{"name", "result", "paths", "queries", "seconds", "worst_instructions"}],
                "seeded_bugs": {"caught", "total"}, "undefined_behaviour": {"proved", "total"},
                "refinement": {"proved", "total"}}; bugs count as caught that
                ./pith test verify/bugs or, of all of them, long/bugs found in this kernel
  --list        prints the entries
--bounds  computes from the kernel's machine code how many instructions each kernel entry runs at most and how many frames it
          clears. The table lands in build/docs/reference/bounds.md as well; measured lengths of the last counted runs of
          ./pith test fuzz recovery stand beside it.
  --json        prints {"arch": "x86_64", "entries": [{"name", "worst_instructions", "clears", "measured"}]}
  --path ENTRY  prints instead where the instructions of an entry's longest path are
  --update      writes the table of docs/bounds.md anew
--figures prints lines of kernel and proof, and of each entry what its proof took: the page docs/proof-figures.md.
  --update      writes that page anew
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

# How many of how many operations do what the specification says, the open ones among all; $1: what the prover printed about the others.
refinement_counts() {
  local open
  open=$(grep -cv '^#' "$PITH_ROOT/verify/open-refinement.txt")
  awk -v open="$open" '/^refinement:/ { print "\"refinement\": {\"proved\": " $2 - $4 ", \"total\": " $2 + open "}" }' <<<"$1"
}

# Proves entries of the kernel, then that they reach no trap, then that they do what the specification says. $1: `yes` for one JSON object; the others are the prover's arguments.
verify_proofs() {
  local json=$1 status=0 prove traps refines counts refined
  shift
  build pith-prove proof_module pith-replay
  prove=("$PITH_BUILD/bin/pith-prove" --open "$PITH_ROOT/verify/open.txt" --cache "$PITH_BUILD/proofs" --counterexamples "$PITH_BUILD/counterexamples"
    --replay "$PITH_BUILD/bin/pith-replay" "$@" "$PITH_BUILD/proof.bc")
  traps=("$PITH_BUILD/bin/pith-prove" --traps --open "$PITH_ROOT/verify/open-traps.txt" --cache "$PITH_BUILD/proofs" "$@" "$PITH_BUILD/proof-sanitized.bc")
  refines=("$PITH_BUILD/bin/pith-prove" --refines --open "$PITH_ROOT/verify/open-refinement.txt" --cache "$PITH_BUILD/proofs" "$@" "$PITH_BUILD/proof-refined.bc")
  if [ -n "$json" ]; then
    build pith-bounds kernel
    worst_cases >"$PITH_BUILD/worst.txt" || true
    counts=$("${traps[@]}" | awk '/^undefined behaviour:/ { print $3 - $5, $3 }') || status=$?
    refined=$(refinement_counts "$("${refines[@]}")") || status=$?
    "${prove[@]}" --json --worst "$PITH_BUILD/worst.txt" --seeded "$("$PITH_ROOT/verify/bugs/run" --count)" --without-traps "$counts" |
      sed "\$ s/}\$/, $refined}/" || status=$?
    return "$status"
  fi
  "${prove[@]}" || status=$?
  # Neither a list nor one predicate has to do with traps, and after wrong usage there is nothing more to say.
  case " $* " in *" --list "* | *" --predicate "*) return "$status" ;; esac
  if [ "$status" -lt 2 ]; then "${traps[@]}" || status=$?; fi
  # What has no specification of its own, a contract or the way out, is no entry of this pass.
  case " $* " in *" --only "*) return "$status" ;; esac
  if [ "$status" -lt 2 ]; then "${refines[@]}" || status=$?; fi
  return "$status"
}

# The page of figures, from all proofs. $1: `yes` writes it into docs/.
verify_figures() {
  local update=$1 status=0 page=$PITH_BUILD/docs/reference/proof-figures.md
  shift
  verify_proofs yes "$@" >"$PITH_BUILD/proofs.json" || status=$?
  [ "$status" -lt 2 ] || return "$status"
  mkdir -p "$PITH_BUILD/docs/reference"
  "$PITH_ROOT/tools/proof-figures" <"$PITH_BUILD/proofs.json" >"$page"
  if [ -n "$update" ]; then cp "$page" "$PITH_ROOT/docs/proof-figures.md"; else cat "$page"; fi
  return "$status"
}

main() {
  local bounds='' json='' figures='' update='' jobs passed_on=()
  jobs=$(nproc)
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        verify_usage
        exit 0
        ;;
      --bounds) bounds=yes ;;
      --figures) figures=yes ;;
      --update) update=yes ;;
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
    [ -z "$update" ] || passed_on+=(--update "$PITH_ROOT/docs/bounds.md")
    verify_bounds ${json:+--json} "${passed_on[@]}"
  elif [ -n "$figures" ]; then
    verify_figures "$update" --jobs "$jobs" "${passed_on[@]}"
  else
    [ -z "$update" ] || misused "--update is for --bounds or --figures"
    verify_proofs "$json" --jobs "$jobs" "${passed_on[@]}"
  fi
}
