#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The main job: sets up, builds, and fuzzes each target in turn for SECS seconds from corpus/ and
# from what earlier runs found, then prints a table. Exit 1 if there are findings.
#
#   [T=<target>] [SECS=60] [EMPTY=1] [STRICT=1] ci/fuzz.sh
#
# EMPTY=1 starts without our seeds and in an empty folder. A crash does not end a target's time: the
# engine is started again, at most FINDINGS_MAX=10 times; seeds that fail themselves are left out. What is in
# corpus/known-findings is shown, but is no finding and does not count; STRICT=1 makes it one.
# Ctrl-C ends the run early, the table is still printed. New inputs go to
# build/work/<target>/corpus, findings to .../artifacts.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"

secs=${SECS:-60}
want_number SECS "$secs"
chosen=$(chosen_targets) || exit
need_setup
build_libraries "$chosen"
began=$SECONDS
build built-fuzz build/asan/gauntlet
[ $((SECONDS - began)) -lt 2 ] || say "built in $((SECONDS - began)) s"
ci/corpus.sh --quiet || exit
eval "$(toolchain/sanitizer-profile fuzz --env)"

fuzzer=0 stopped=0
# shellcheck disable=SC2317 # called by the trap
stop() { stopped=1; [ $fuzzer = 0 ] || kill -INT $fuzzer 2>/dev/null; }
trap stop INT TERM

last_of() { sed -n "s/.*$1: *\([0-9][0-9]*\).*/\1/p" "$2" | tail -n 1; }
sum_of() { sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$2" | awk '{ n += $1 } END { if (NR) print n }'; }

# fuzz_once TARGET SECONDS LOG: one engine process, with a line of progress every ten seconds.
fuzz_once() {
	local t=$1 for_secs=$2 log=$3 work=build/work/$1 began=$SECONDS shown=0 line
	local args=("${engine_flags[@]}" -max_total_time="$for_secs" -print_final_stats=1
		-artifact_prefix="$work/artifacts/")
	[ ! -s "build/corpus/$t.dict" ] || args+=(-dict="build/corpus/$t.dict")
	args+=("$work/corpus")
	[ -n "${EMPTY:-}" ] || args+=("$work/seeds")
	(trap - INT; leashed "build/fuzz/$(under "$t")_fuzzer" "${args[@]}") >"$log" 2>&1 &
	fuzzer=$!
	while kill -0 $fuzzer 2>/dev/null; do
		sleep 0.5
		[ -n "$clear_line" ] || [ $((SECONDS - began)) -ge $((shown + 10)) ] || continue
		shown=$((SECONDS - began))
		line=$(tail -c 4000 "$log" | grep -a '^#[0-9]' | tail -n 1 | tr -s ' \t' ' ' |
			sed -n 's/^#\([0-9]*\) [A-Za-z]* \(cov: [0-9]* ft: [0-9]*\).*exec\/s: \([0-9]*\).*/\1 inputs, \2, \3 exec\/s/p')
		if [ -n "$clear_line" ]; then
			progress "$t: $shown s of $for_secs: ${line:-starting}"
		else
			say "$t: $shown s of $for_secs: ${line:-starting}"
		fi
	done
	wait $fuzzer
	local status=$?
	fuzzer=0
	return $status
}

# note_findings TARGET: the verdict of each case that has none yet, to build/work/findings. True if all of
# them are known.
note_findings() {
	local file verdict fresh=0 all=0
	while read -r file; do
		! grep -qF -- "	$file" build/work/findings || continue
		verdict=$(toolchain/repro.sh --verdict --target "$1" "$file")
		printf '%s\t%s\t%s\n' "${verdict:-no verdict}" "$1" "$file" >>build/work/findings
		fresh=1
		is_known "$verdict" || all=1
	done < <(find "build/work/$1/artifacts" -type f ! -name 'slow-unit-*' -newer "build/work/$1/began" | LC_ALL=C sort)
	[ $fresh = 1 ] && [ $all = 0 ]
}

mkdir -p build/work
: >build/work/findings
rows='' found_total=0 known_total=0
for t in $chosen; do
	work=build/work/$t
	if [ -n "${EMPTY:-}" ]; then
		rm -rf "$work/corpus"
	fi
	mkdir -p "$work/corpus" "$work/artifacts"
	rm -rf "$work/seeds"
	# Links: where many files were removed, ext4 is slow to create others.
	cp -al "build/corpus/$t" "$work/seeds"
	touch "$work/began"
	: >"$work/fuzz.log"
	head_line "$t: $secs s"
	end=$((SECONDS + secs)) began=$SECONDS runs=0
	while [ $stopped = 0 ] && [ $SECONDS -lt $end ] && [ $runs -lt "${FINDINGS_MAX:-10}" ]; do
		fuzz_once "$t" $((end - SECONDS)) "$work/engine.log"
		status=$?
		cat "$work/engine.log" >>"$work/fuzz.log"
		runs=$((runs + 1))
		if [ $status != 0 ] && [ $stopped = 0 ]; then
			grep -a -m 1 -E '^(==[0-9]*==ERROR|[^ ]*runtime error|SUMMARY|REQUIRE|VIOLATED)|ERROR: libFuzzer' \
				"$work/engine.log" | cut -c1-120 || tail -n 3 "$work/engine.log"
			[ -n "$(find "$work/artifacts" -type f -newer "$work/began" -print -quit)" ] ||
				die 2 "the engine failed (exit $status) without leaving a case" "read $work/fuzz.log"
			free=0
			! set_aside "$work/artifacts" "$work/seeds" "$work/corpus" || free=1
			! note_findings "$t" || free=1
			runs=$((runs - free))
		fi
	done
	took=$((SECONDS - began))
	execs=$(sum_of stat::number_of_executed_units "$work/fuzz.log")
	ops=$(sum_of stat::ops_executed "$work/fuzz.log")
	cov_first=$(sed -n 's/.*INITED *cov: \([0-9]*\).*/\1/p' "$work/fuzz.log" | head -n 1)
	cov_last=$(last_of ' cov' "$work/fuzz.log")
	note_findings "$t"
	known=$(awk -F'\t' -v t="$t" '$2 == t && /, known: /' build/work/findings | wc -l)
	found=$(awk -F'\t' -v t="$t" '$2 == t && !/, known: /' build/work/findings | wc -l)
	found_total=$((found_total + found)) known_total=$((known_total + known))
	rows+=$(awk -v t="$t" -v e="${execs:-0}" -v o="${ops:-}" -v s="$took" -v a="${cov_first:-0}" \
		-v b="${cov_last:-0}" -v f="$found" 'BEGIN { if (s < 1) s = 1
		printf "%-14s %12d %9d %11s   %6d (+%d) %10d", t, e, e / s,
			(o == "" ? "-" : sprintf("%d", o / s)), b, (b > a ? b - a : 0), f }')$'\n'
	[ $stopped = 0 ] || break
done

# Name each finding with the command that shows it, the same bucket once.
if [ $((found_total + known_total)) -gt 0 ]; then
	head_line findings
	awk -F'\t' -v red="$red" -v yellow="$yellow" -v plain="$plain" '{
		key = match($1, /bucket [0-9a-f]+/) ? substr($1, RSTART, RLENGTH) : $1
		if (key != "no verdict" && seen[key]++)
			next
		order[++n] = key; verdict[key] = $1; show[n] = "  make repro T=" $2 " F=" $3
		names[n] = $1
	}
	END {
		for (i = 1; i <= n; i++) {
			more = seen[order[i]] - 1
			print (names[i] ~ /, known: / ? yellow : red) names[i] plain (more > 0 ? "  (and " more " like it)" : "")
			print show[i]
		}
	}' build/work/findings
fi

echo
say "${bold}target               execs    exec/s       ops/s   coverage (new)   findings$plain"
printf '%s' "$rows"
[ $stopped = 0 ] || warn "stopped before its time"
[ $known_total = 0 ] || say "$known_total known"
if [ $found_total -gt 0 ]; then
	say "$red$found_total finding(s)$plain"
	exit 1
fi
say "${green}no findings$plain"
[ $stopped = 0 ] || exit 130
