#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Speed of each target on its shipped corpus beside a target that does nothing, in turns, so that a
# busy machine slows both. Prints the best of ROUNDS=3 rounds of SECS=10 seconds each: exec/s, ops/s,
# and the time one input takes compared to the empty target's.
#
#   [T=<target>] [SECS=10] [ROUNDS=3] ci/bench.sh

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
secs=${SECS:-10} rounds=${ROUNDS:-3}
want_number SECS "$secs"
want_number ROUNDS "$rounds"
chosen=$(chosen_targets) || exit
need_setup
build_libraries "$chosen"
build built-fuzz
ci/corpus.sh --quiet || exit 1
work=build/bench
mkdir -p $work
printf '%s\n' '#include <stddef.h>' '#include <stdint.h>' \
	'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);' \
	'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { (void)data; (void)size; return 0; }' \
	>$work/empty.c
cc=${CC:-clang}
"$cc" -O2 -g -fsanitize=fuzzer,address,undefined -o $work/empty_fuzzer $work/empty.c ||
	die 2 "the empty target does not build" "does $cc know -fsanitize=fuzzer?"
eval "$(toolchain/sanitizer-profile fuzz --env)"

# measure PROGRAM TARGET: "exec/s ops/s" of one run on a scratch copy of the corpus.
measure() {
	rm -rf $work/corpus
	mkdir -p $work/corpus
	"$1" "${engine_flags[@]}" -max_total_time="$secs" -seed=1 -print_final_stats=1 \
		-artifact_prefix=$work/ $work/corpus "build/corpus/$2" >$work/log 2>&1 ||
		warn "$1 ended early; see $work/log (make fuzz T=$2 finds out more)"
	awk -v s="$secs" '/^stat::average_exec_per_sec:/ { e = $2 } /^stat::ops_executed:/ { o = $2 }
		END { printf "%d %d\n", e, o / s }' $work/log
}

rows=''
for t in $chosen; do
	best=0 best_ops=0 best_empty=0
	for ((round = 1; round <= rounds; round++)); do
		progress "$t: round $round of $rounds"
		read -r empty _ < <(measure $work/empty_fuzzer "$t")
		read -r execs ops < <(measure "build/fuzz/$(under "$t")_fuzzer" "$t")
		[ "$execs" -le "$best" ] || { best=$execs; best_ops=$ops; }
		[ "$empty" -le "$best_empty" ] || best_empty=$empty
	done
	rows+=$(awk -v t="$t" -v e="$best" -v o="$best_ops" -v z="$best_empty" 'BEGIN {
		printf "%-14s %10d %11s %10d %8.1f", t, e, (o ? o : "-"), z, (e ? z / e : 0) }')$'\n'
done
say "${bold}target             exec/s       ops/s    empty/s   times$plain"
printf '%s' "$rows"
