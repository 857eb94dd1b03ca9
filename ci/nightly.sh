#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A night: replays the corpus and what earlier nights found, fuzzes each target, saves and loads the machine
# in the middle of what is new, merges and prunes the corpora, keeps each finding with its readable trace
# under its bucket, and reports. Exit 1 if there is a new finding: one whose bucket no earlier night in the
# same folder knew, and which is not in corpus/known-findings (STRICT=1 does not look there).
#
#   SECS=<seconds of fuzzing in all> [OUT=build/night] [T=<target>] [STRICT=1] ci/nightly.sh
#
#   OUT/corpus/<target>/      the pruned corpus, kept from night to night (seeds are in git)
#   OUT/findings/<bucket>/    the first case of each bucket, its trace, its verdict
#   OUT/known/<bucket>        the night that found it first; remove it once the bug is fixed
#   OUT/summary.md, .json     of the last night; each night's stay in OUT/nights/<time>/
#   OUT/current/              a night under way. Call again after a kill: it goes on from there
#
# Finished stages are not repeated; the fuzzing stage goes on with the seconds it had left.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
secs=${SECS:-3600}
want_number SECS "$secs"
out=${OUT:-build/night}
chosen=$(chosen_targets) || exit
count=$(wc -l <<<"$chosen")
each=$((secs / count > 0 ? secs / count : 1))
unset OUT # to make it would mean the folder for OSS-Fuzz

mkdir -p "$out" || die 2 "cannot make the folder $out" "give another one with OUT="
out=$(cd "$out" && pwd) || exit 2
now=$out/current
command -v flock >/dev/null || die 2 "flock is missing" "install the package util-linux"
exec 9>"$out/lock" || die 2 "cannot write in $out" "give another folder with OUT="
flock -w 3 9 || die 2 "another night is under way in $out" "wait for it, or give another OUT="

need_setup
build_libraries "$chosen" 9>&-
build built-asan built-fuzz 9>&-
T='' ci/corpus.sh --quiet 9>&- || exit 2

if [ -d "$now" ]; then
	say "going on with the night of $(cat "$now/began" 2>/dev/null)"
else
	mkdir -p "$now.new/done" "$now.new/raw"
	date -u +%Y-%m-%dT%H%M%SZ >"$now.new/began"
	printf '%s\n' "$secs" >"$now.new/secs"
	mv "$now.new" "$now"
fi
mkdir -p "$now/done" "$now/raw" "$out/corpus" "$out/findings" "$out/known" "$out/nights"
night=$(cat "$now/began")

# stage NAME FUNCTION ARG..: once each night, however often we are killed.
stage() {
	local name=$1
	shift
	[ ! -e "$now/done/$name" ] || return 0
	head_line "$name"
	"$@" || die 2 "stage $name failed" "mend what it says above and call the same command again"
	touch "$now/done/$name"
}

# A case goes to raw/<target>/<origin>-<name>; triage sorts them out.
keep() {
	mkdir -p "$now/raw/$1"
	cp -- "$3" "$now/raw/$1/$2-$(basename "$3")"
}

regressions() {
	local t=$1 replay dir file n=0 bad=0
	replay=build/asan/$(under "$t")_replay
	eval "$(toolchain/sanitizer-profile ci --env)"
	for dir in "build/corpus/$t" "$out/corpus/$t"; do
		[ -n "$(ls -A "$dir" 2>/dev/null)" ] || continue
		n=$((n + $(find "$dir" -type f | wc -l)))
		progress "$t: $dir"
		# A killed process is caught by the next attempt, file by file.
		timeout 1800 "$replay" "$dir" >"$now/replay.log" 2>&1 9>&- && continue
		for file in "$dir"/*; do
			timeout 60 "$replay" "$file" >"$now/replay.log" 2>&1 9>&- && continue
			bad=$((bad + 1))
			keep "$t" replay "$file"
			[ "$dir" = "build/corpus/$t" ] || rm -f -- "$file"
		done
	done
	printf '%s\n' "$n" >"$now/replayed-$t"
	say "$t: $n cases replayed, $bad fail"
}

fuzz() {
	local t=$1 work=$now/work-$1 spent=0 began left pid cov dict=()
	mkdir -p "$work/corpus" "$work/artifacts" "$out/corpus/$t"
	if [ ! -d "$work/seeds" ]; then
		rm -rf "$work/seeds.new"
		cp -a "build/corpus/$t" "$work/seeds.new" && mv "$work/seeds.new" "$work/seeds" || return 1
	fi
	[ ! -s "build/corpus/$t.dict" ] || dict=("-dict=build/corpus/$t.dict")
	eval "$(toolchain/sanitizer-profile fuzz --env)"
	while :; do
		spent=$(cat "$work/spent" 2>/dev/null || echo 0)
		left=$((each - spent))
		[ $left -gt 0 ] || break
		(leashed "build/fuzz/$(under "$t")_fuzzer" "${engine_flags[@]}" \
			-max_total_time=$left -print_final_stats=1 -artifact_prefix="$work/artifacts/" \
			"${dict[@]}" "$work/corpus" "$out/corpus/$t" "$work/seeds") >"$work/engine.log" 2>&1 9>&- &
		pid=$! began=$SECONDS
		while kill -0 $pid 2>/dev/null; do
			sleep 1
			# What was spent is on disk, so that a kill costs no more than a second.
			printf '%s\n' $((spent + SECONDS - began)) >"$work/spent.new" && mv "$work/spent.new" "$work/spent"
			progress "$t: $(cat "$work/spent") s of $each, $(find "$work/corpus" -type f | wc -l) new inputs"
		done
		wait $pid
		cat "$work/engine.log" >>"$work/fuzz.log"
		set_aside "$work/artifacts" "$work/seeds" "$work/corpus" "$out/corpus/$t" && continue
		# An engine that stops at once, again and again, must not spin for the whole night.
		[ $((SECONDS - began)) -ge 1 ] || echo $((spent + 1)) >"$work/spent"
		if [ -z "$(find "$work/artifacts" -type f -print -quit)" ] && ! grep -q '^Done\|DONE' "$work/engine.log"; then
			tail -n 5 "$work/engine.log"
			return 1
		fi
	done
	cov=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$work/fuzz.log" 2>/dev/null | tail -n 1)
	{
		awk '/^stat::number_of_executed_units:/ { e += $2 } /^stat::ops_executed:/ { o += $2 }
			END { printf "%d\t%d\t", e, o }' "$work/fuzz.log"
		printf '%s\t%s\t%s\n' "$each" "$(sed -n 's/.*INITED *cov: \([0-9]*\).*/\1/p' "$work/fuzz.log" | head -n 1)" "$cov"
	} >"$now/fuzzed-$t"
	say "$t: $(cut -f1 "$now/fuzzed-$t") inputs in $each s, coverage $cov"
}

# What is new, with the machine saved on the way: it must go on the same. A fuzzer seldom saves where it
# matters; this does so at up to eight ops of each input, for a quarter of the time that fuzzing took.
saves() {
	local t=$1 work=$now/work-$1 status
	grep -qF 'include "../program.h"' "targets/$t/"*.c || return 0 # its inputs are no programs
	[ -n "$(ls -A "$work/corpus")" ] || return 0
	mkdir -p "$now/raw/$t"
	progress "$t: saving"
	eval "$(toolchain/sanitizer-profile ci --env)"
	build/asan/gauntlet determinism "$work/corpus" --target "$t" --saves 8 --output "$now/raw/$t" \
		--max-total-time $((each / 4 + 1)) >"$now/saves.log" 2>"$now/saves.err" 9>&-
	status=$?
	if [ $status -gt 1 ]; then
		tail -n 5 "$now/saves.err"
		return 1
	fi
	tail -n 1 "$now/saves.log" >"$now/saved-$t"
	say "$t: $(cat "$now/saved-$t")"
}

# The pruned corpus replaces the old one by renaming; whatever moment we are killed at, one of the
# two is whole: .old is only removed when the new one is in place.
merge() {
	local t=$1 work=$now/work-$1 kept=$out/corpus/$1
	[ -d "$kept" ] || [ ! -d "$kept.old" ] || mv "$kept.old" "$kept"
	rm -rf "$work/merged" "$kept.old"
	mkdir -p "$work/merged" "$work/merge-artifacts" "$kept"
	progress "$t: merging"
	eval "$(toolchain/sanitizer-profile fuzz --env)"
	(leashed "build/fuzz/$(under "$t")_fuzzer" -merge=1 "${engine_flags[@]}" \
		-artifact_prefix="$work/merge-artifacts/" "$work/merged" "$kept" "$work/corpus" \
		"$work/seeds") >"$work/merge.log" 2>&1 9>&- || { tail -n 5 "$work/merge.log"; return 1; }
	# A corpus that came out empty though something went in is a failed merge, not a pruned one.
	if [ -z "$(ls -A "$work/merged")" ] && [ -n "$(find "$kept" "$work/corpus" -type f -print -quit)" ]; then
		tail -n 5 "$work/merge.log"
		return 1
	fi
	say "$t: $(find "$kept" "$work/corpus" -type f | wc -l) inputs merged into $(find "$work/merged" -type f | wc -l)"
	mv "$kept" "$kept.old" && mv "$work/merged" "$kept" && rm -rf "$kept.old"
}

# Each kept case gets a trace and goes under the bucket its verdict names.
triage() {
	local t file verdict bucket place status
	for t in $chosen; do
		for file in "$now/work-$t"/artifacts/* "$now/work-$t"/merge-artifacts/*; do
			[ -f "$file" ] && [[ ${file##*/} != slow-unit-* ]] && keep "$t" fuzz "$file"
		done
	done
	eval "$(toolchain/sanitizer-profile repro --env)"
	[ $strict = 0 ] || set -- --strict
	: >"$now/buckets.new"
	for t in $chosen; do
		for file in "$now/raw/$t"/*; do
			[ -f "$file" ] || continue
			progress "$t: ${file##*/}"
			timeout 120 build/asan/gauntlet repro "$file" --target "$t" "$@" >"$now/trace.txt" 2>&1 9>&-
			status=$?
			verdict=$(grep -a -E '^(CLEAN|VIOLATED|CRASH|HANG|LEAK)( |$)' "$now/trace.txt" | tail -n 1)
			[ $status != 124 ] || verdict="HANG in repro (120 s)"
			if [ -z "$verdict" ]; then
				verdict="CRASH without a verdict (exit $status) $(grep -a -m 1 SUMMARY "$now/trace.txt")"
			elif [ "$verdict" = CLEAN ]; then
				verdict="FLAKY: a finding once, but its replay is clean"
			fi
			bucket=$(sed -n 's/.*\[bucket \([0-9a-f]*\).*/\1/p' <<<"$verdict")
			# Without one the verdict, less its numbers, stands in.
			[ -n "$bucket" ] || bucket=$(printf '%s' "$t ${verdict//[0-9]/}" | cksum | awk '{ printf "%08x", $1 }')
			place=$out/findings/$bucket
			if [ ! -e "$place/verdict.txt" ]; then
				rm -rf "$place.new"
				mkdir -p "$place.new"
				cp -- "$file" "$place.new/case-${file##*/}"
				cp "$now/trace.txt" "$place.new/trace.txt"
				printf '%s\n' "$t" >"$place.new/target.txt"
				printf '%s\n' "$verdict" >"$place.new/verdict.txt"
				rm -rf "$place"
				mv "$place.new" "$place"
			fi
			printf '%s\t%s\t%s\t%s\n' "$bucket" "$t" "${file##*/}" "$verdict" >>"$now/buckets.new"
		done
	done
	mv "$now/buckets.new" "$now/buckets"
	say "$(cut -f1 "$now/buckets" | sort -u | wc -l) buckets from $(wc -l <"$now/buckets") cases"
}

# The buckets of this night that have no public report.
unknown_buckets() { awk -F'\t' '$4 !~ /, known: /{ print $1 }' "$now/buckets" | sort -u; }

report() {
	local bucket
	unknown_buckets | while read -r bucket; do
		[ -e "$out/known/$bucket" ] || printf '%s\n' "$night" >"$out/known/$bucket"
	done
	python3 ci/nightly_report.py "$out" "$now" "$chosen"
}

for t in $chosen; do stage "regressions-$t" regressions "$t"; done
for t in $chosen; do stage "fuzz-$t" fuzz "$t"; done
for t in $chosen; do stage "saves-$t" saves "$t"; done
for t in $chosen; do stage "merge-$t" merge "$t"; done
stage triage triage
stage report report

new=$(unknown_buckets | while read -r bucket; do
	grep -lxF -- "$night" "$out/known/$bucket"
done | wc -l)
mkdir -p "$out/nights/$night"
cp "$out/summary.md" "$out/summary.json" "$now/buckets" "$out/nights/$night/"
rm -rf "$out/finished"
mv "$now" "$out/finished" # its logs, until the next night ends
cat "$out/summary.md"
if [ "$new" -gt 0 ]; then
	say "$red$new new finding(s): $out/findings/$plain"
	exit 1
fi
say "${green}no new findings$plain"
