#!/usr/bin/env bash
# Paths of every entry run natively end as the prover says, in all memory; a prover that misunderstands an instruction or a model is found out.
# usage: concrete.sh [PATHS]   of each entry at most so many
set -euo pipefail
folder=$(mktemp -d)
# shellcheck disable=SC2064
trap "rm -rf '$folder'" EXIT
most_entries_without=8

"$PITH_BUILD/bin/pith-replay" --addresses >"$folder/addresses"

# Writes at most $1 paths of the entries given as arguments, or of all, as the prover understands module $2, to folder $3.
sample() {
  local only=() entry
  for entry in "${@:4}"; do only+=(--only "$entry"); done
  "$PITH_BUILD/bin/pith-prove" --all --open "$PITH_ROOT/verify/open.txt" "${only[@]}" --addresses "$folder/addresses" --sample "$3" --paths "$1" --seconds 60 "$2" >"$3.log" || true
}

sample "${1-1}" "$PITH_BUILD/proof.bc" "$folder/paths"
"$PITH_BUILD/bin/pith-replay" --quiet "$folder"/paths/*.case
tail -n 1 "$folder/paths.log"
without=$(sed -n 's/.* entries, \([0-9]*\) without a path.*/\1/p' "$folder/paths.log")
[ "$without" -le "$most_entries_without" ]

# What the prover would believe if it misread: the kernel itself stays as it is.
llvm-dis-19 "$PITH_BUILD/proof.bc" -o "$folder/right.ll"
misread() {
  local name=$1 expression=$2 out=$folder/$1
  sed -E "$expression" "$folder/right.ll" >"$folder/wrong.ll"
  if cmp -s "$folder/right.ll" "$folder/wrong.ll"; then echo "$name: the expression changes nothing" && return 1; fi
  sample 3 "$folder/wrong.ll" "$out" "${@:3}"
  if "$PITH_BUILD/bin/pith-replay" --quiet "$out"/*.case >"$out.said" 2>&1; then echo "$name is not noticed" && return 1; fi
  echo "$name is noticed: $(grep -c . "$out.said") lines, the first: $(head -n 1 "$out.said")"
}
misread subtraction-for-addition 's/ = add (nuw |nsw )*i64 / = sub i64 /' NotificationSignal contract_charge_of_ring_at_0
misread below-or-equal-for-below 's/ = icmp ult / = icmp ule /' NotificationPoll RegionRenew contract_check_below
misread logical-shift-as-arithmetic 's/ = lshr (exact )?i64 / = ashr i64 /' EndpointReceive NotificationWait
misread sign-for-zero-extension 's/ = zext (nneg )?i32 / = sext i32 /' RegionInspect SchedulingContextStatus
misread frames-not-cleared 's/^ *(tail )?call void @clear_frame\(.*//' RegionCreate_of_Thread RegionCreate_of_Endpoint
misread ones-for-zeros 's/(@llvm.memset[^(]*\([^,]*, i8) 0,/\1 1,/' ThreadReadRegisters
misread fields-one-further 's/(getelementptr inbounds i8, ptr %[0-9]+, i64) 24,/\1 32,/' RegionShareTime SchedulingContextConfigure
