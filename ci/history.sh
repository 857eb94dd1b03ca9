#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Holds the table of corpus/bugs/README.md to what it says: each historical bug of a guest, A01 to A29, has a
# seed that is there, is clean, and whose readable trace shows the situation. One line for each row, "ok"
# or "FAILED"; exit 1 on failure.
#
#   ci/history.sh [<file>]

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
file=${1:-corpus/bugs/README.md} entries=${ENTRIES:-29}
gauntlet=${GAUNTLET:-build/asan/gauntlet}
[ -f "$file" ] || die 2 "there is no file '$file'" "git checkout brings it back"
[ -x "$gauntlet" ] || die 2 "there is no $gauntlet" "make built-asan builds it"
dir=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$dir"' EXIT
failed=0 seen=' '
wrong() { say "${red}FAILED$plain $1"; failed=$((failed + 1)); }

# shown FILE: the patterns of $dir/patterns are in its lines, one after the other; else which is not.
shown() {
	awk 'NR == FNR { want[++n] = $0; next }
		at < n && $0 ~ want[at + 1] { at++ }
		END { if (at < n) { print want[at + 1]; exit 1 } }' "$dir/patterns" "$1"
}

# A vertical bar inside a pattern is written \|, as Markdown asks.
while IFS=$'\t' read -r entry seed patterns; do
	entry=${entry// /} seed=${seed// /} patterns=${patterns//$'\x01'/|}
	[[ $entry =~ ^A[0-9][0-9]$ ]] || continue
	seen+="$entry "
	# shellcheck disable=SC2016 # a backtick is meant
	grep -o '`[^`]*`' <<<"$patterns" | tr -d '`' >"$dir/patterns"
	case_file=''
	for suffix in ops hex; do
		[ ! -f "corpus/$seed.$suffix" ] || case_file=corpus/$seed.$suffix
	done
	if [ -z "$case_file" ]; then
		wrong "$entry: its seed '$seed' is not there"
	elif [ ! -s "$dir/patterns" ]; then
		wrong "$entry: nothing says what the trace of $seed must show"
	elif ! timeout 60 "$gauntlet" repro "$case_file" >"$dir/trace" 2>&1 || ! grep -qx CLEAN "$dir/trace"; then
		wrong "$entry: $seed is not clean: $(tail -n 1 "$dir/trace")"
	elif ! missing=$(shown "$dir/trace"); then
		wrong "$entry: $seed no longer gets there: '$missing' is not in its trace, or not in this order"
	else
		say "ok $entry $seed"
	fi
done < <(sed -n 's/\\|/\x01/g; /^| *A[0-9]/p' "$file" | awk -F'|' -v OFS='\t' '{ print $2, $4, $5 }')
for ((i = 1; i <= entries; i++)); do
	entry=$(printf A%02d "$i")
	[[ $seen == *" $entry "* ]] || wrong "$entry: $file has no row for it"
done
[ $failed = 0 ]
