#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Is it working? Each folder corpus/bugs/<id>-<slug>/ brings a historical bug back as a patch against
# our emulation. Its repro must give the verdict its README.md states on the patched build and must
# be CLEAN on ours. Exit 1 if one does not.
#
#   [B=<id>] [SECS=<n>] ci/bugs.sh
#
# SECS=<n> also searches for each bug from an empty corpus, at most n seconds, and reports the time
# it took. SEED=<n> fixes the engine's random seed. README.md says, each on its own line:
#   Verdict: <extended regular expression for the verdict line>
#   Target: <target that can find it>
# The patched trees stay in build/bugs/<id>-<slug>/ for a look inside. As many bugs as there are processors are
# worked on at a time (JOBS=<n>).

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
secs=${SECS:-} B=${B:-}
[ -z "$secs" ] || want_number SECS "$secs"
top=$PWD
need_setup

bugs=()
for d in corpus/bugs/*/; do
	slug=${d%/} slug=${slug##*/}
	[ -d "$d" ] || continue
	[ -z "$B" ] || [ "${slug%%-*}" = "$B" ] || [ "$slug" = "$B" ] || continue
	bugs+=("$slug")
done
[ ${#bugs[@]} -gt 0 ] || die 2 "no bug $B in corpus/bugs/" "there: $(cd corpus/bugs 2>/dev/null && echo *)"

build build/asan/gauntlet ${secs:+built-fuzz}
[ -z "$secs" ] || T='' ci/corpus.sh --quiet || exit 1

# One copy of sources and objects for all, with their times, so that make compiles only what a patch
# changes, and so that somebody may go on working here meanwhile.
base=build/bugs/base
rm -rf $base
mkdir -p $base/build
cp -a Makefile toolchain ci harness targets $base/ || die 2 "cannot copy to $base" "is the disk full?"
for profile in asan ${secs:+fuzz}; do
	mkdir -p "$base/build/$profile"
	for part in harness targets flags sources; do
		[ ! -e "build/$profile/$part" ] || cp -a "build/$profile/$part" "$base/build/$profile/"
	done
done
"${MAKE:-make}" --no-print-directory -C $base -j"$jobs" build/asan/gauntlet >$base/make.log 2>&1 ||
	die 2 "the copy in $base does not build" "read $base/make.log"
eval "$(toolchain/sanitizer-profile repro --env)"

fail() { say "${red}FAILED$plain $slug: $1"; state=FAILED; }
stated() {
	sed -n "s/^$1:[[:space:]]*//p" "corpus/bugs/$slug/README.md" | head -n 1 | tr -d '`' |
		sed 's/[[:space:]]*$//'
}

# Begun afresh each time: objects of an older patch would look up to date.
patched_tree() {
	local tree=build/bugs/$slug
	rm -rf "$tree"
	cp -a $base "$tree" || return 1
	patch -d "$tree" -p1 -s --forward --batch --no-backup-if-mismatch \
		<"corpus/bugs/$slug/bug.patch" >"$tree/patch.log" 2>&1
}

in_tree() { (cd "build/bugs/$slug" && "${MAKE:-make}" --no-print-directory -j2 "$@") >"build/bugs/$slug/make.log" 2>&1; }

# verdict TOOL FILE: the verdict line; status as the tool's.
verdict() {
	local out status
	out=$(timeout 120 "$1" repro "$2" ${target:+--target "$target"} 2>&1)
	status=$?
	printf '%s\n' "$out" >>"build/bugs/$slug/repro.log"
	grep -a -E '^(CLEAN|VIOLATED|CRASH|HANG|LEAK)( |$)' <<<"$out" | tail -n 1
	return $status
}

# search: fuzz the patched build until a case has the stated verdict; prints the seconds it took.
search() {
	local tree=build/bugs/$slug began=$SECONDS left log case_file line other=0
	local fuzzer dict='' patience=()
	# An input takes a millisecond; nobody need wait 25 s to call it a hang.
	[[ $want != *HANG* ]] || patience=(-timeout=5)
	[ ! -s "build/corpus/$target.dict" ] || dict=../../corpus/$target.dict
	fuzzer=build/fuzz/$(under "$target")_fuzzer
	in_tree "$fuzzer" || { fail "the patched $fuzzer does not build; see $tree/make.log"; return 1; }
	mkdir -p "$tree/work/corpus" "$tree/work/artifacts"
	log=$tree/work/fuzz.log
	began=$SECONDS
	while left=$((secs - (SECONDS - began))) && [ $left -gt 0 ]; do
		progress "$slug: searching, $((secs - left)) s of $secs"
		rm -f "$tree"/work/artifacts/*
		(eval "$(toolchain/sanitizer-profile fuzz --env)"
			cd "$tree" && leashed "$fuzzer" "${engine_flags[@]}" "${patience[@]}" -max_total_time=$left \
			-artifact_prefix=work/artifacts/ ${SEED:+-seed="$SEED"} ${dict:+-dict="$dict"} \
			work/corpus) >"$log" 2>&1
		for case_file in "$tree"/work/artifacts/*; do
			[ -f "$case_file" ] || continue
			line=$(verdict "$tree/build/asan/gauntlet" "$case_file")
			if grep -qE -- "$want" <<<"$line"; then
				found_secs=$((SECONDS - began))
				cp "$case_file" "$tree/found"
				return 0
			fi
			other=$((other + 1))
			cp "$case_file" "$tree/work/other-$other"
			[ $other -gt 3 ] || say "$slug: something else first: ${line:-no verdict} ($tree/work/other-$other)"
			[ $other -lt 50 ] || { fail "only other findings, $other of them"; return 1; }
		done
	done
	fail "not found in $secs s"
	return 1
}

# prove: one bug; its row of the table goes to build/bugs/<slug>.row.
prove() {
	local dir=corpus/bugs/$slug tree=build/bugs/$slug found_secs='' line=- state=ok repro want target clean
	repro=$(find "$dir" -maxdepth 1 -name 'repro.*' | head -n 1)
	want=$(stated Verdict) target=$(stated Target)
	if [ ! -f "$dir/bug.patch" ] || [ -z "$repro" ] || [ ! -f "$dir/README.md" ]; then
		fail "needs bug.patch, repro.ops and README.md"
	elif [ -z "$want" ]; then
		fail "README.md states no 'Verdict: <regex>'"
	elif [ -n "$target" ] && [ ! -d "targets/$target" ]; then
		fail "README.md names the unknown target '$target'"
	elif ! patched_tree; then
		fail "the patch does not apply; mend it against our sources"
		cat "$tree/patch.log"
	elif ! in_tree build/asan/gauntlet; then
		fail "the patched tree does not build"
		tail -n 20 "$tree/make.log"
	else
		line=$(verdict "$tree/build/asan/gauntlet" "$repro")
		if ! grep -qE -- "$want" <<<"$line"; then
			fail "the patched build says '${line:-nothing}', README.md says '$want'"
			say "  cd $tree && build/asan/gauntlet repro $top/$repro" | sed "s|$top/|../../../|"
		fi
		clean=$(verdict $base/build/asan/gauntlet "$repro")
		[ "$clean" = CLEAN ] ||
			fail "our own build is not clean on its repro: '$clean'"
		if [ -n "$secs" ] && [ $state = ok ]; then
			if [ -z "$target" ]; then fail "README.md states no 'Target:' to search with"; else search; fi
		fi
	fi
	[ $state = FAILED ] || say "${green}ok$plain $slug: $line${found_secs:+, found from nothing in $found_secs s}"
	printf '%-46s %-7s %8s  %s\n' "$slug" $state "${found_secs:--}" "$line" >"$tree.row"
}

rm -f build/bugs/*.row
for slug in "${bugs[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
	progress "$slug"
	# What it says comes in one piece.
	(clear_line='' said=$(prove 2>&1) && say "$said") &
done
wait
failed=0
say "${bold}bug                                            state   found, s  verdict$plain"
for slug in "${bugs[@]}"; do
	row=$(cat "build/bugs/$slug.row" 2>/dev/null) || row="$slug FAILED"
	[[ $row != *' FAILED '* && $row != *' FAILED' ]] || failed=$((failed + 1))
	cut -c1-150 <<<"$row"
done
[ $failed = 0 ] || { say "$red$failed failed$plain"; exit 1; }
say "$green${#bugs[@]} bugs, all as stated$plain"
