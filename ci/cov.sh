#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Coverage of the shipped corpus, replayed once: a table for each folder and build/cov/html.
#
#   [T=<target>] [UNIT=1] [FILES=1] [NIGHT=1] ci/cov.sh
#
# UNIT=1 adds the unit tests, NIGHT=1 what earlier runs of make fuzz found, FILES=1 a row for each
# file. Unit tests' own sources never count. Without T, UNIT and NIGHT it fails if the controller, the core, the
# devices and the guest together are below 92 % of lines or 85 % of branches.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
chosen=$(chosen_targets) || exit
need_setup
goals=()
for t in $chosen; do goals+=("build/cov/$(under "$t")_replay"); done
build "${goals[@]}" ${UNIT:+built-cov-tests}
ci/corpus.sh --quiet || exit 1

# The tools of the compiler's own version, if it is not the distribution's.
version=$("${CC:-clang}" -dumpversion 2>/dev/null | cut -d. -f1)
tool() { command -v "$1-$version" || command -v "$1" || die 2 "there is no $1" "run toolchain/setup.sh"; }
profdata=$(tool llvm-profdata) cov=$(tool llvm-cov)

raw=build/cov/raw
rm -rf "$raw" build/cov/html
mkdir -p "$raw"
objects=()
for t in $chosen; do
	replay=build/cov/$(under "$t")_replay
	dirs=("build/corpus/$t")
	[ -z "${NIGHT:-}" ] || [ ! -d "build/work/$t/corpus" ] || dirs+=("build/work/$t/corpus")
	progress "$replay"
	if ! LLVM_PROFILE_FILE="$raw/$t.profraw" "$replay" "${dirs[@]}" >build/cov/replay.log 2>&1; then
		# A case that ends the process takes the counts of all others with it: one process each.
		rm -f "$raw/$t.profraw"
		lost=0
		while read -r file; do
			LLVM_PROFILE_FILE="$raw/$t-%m.profraw" "$replay" "$file" >build/cov/replay.log 2>&1 ||
				lost=$((lost + 1))
			progress "$replay $file"
		done < <(find "${dirs[@]}" -type f)
		warn "$lost cases end $replay and count for nothing; make test names them"
	fi 2>/dev/null
	objects+=(-object "$replay")
done
if [ -n "${UNIT:-}" ]; then
	while read -r program; do
		progress "$program"
		LLVM_PROFILE_FILE="$raw/unit-%m.profraw" "$program" >build/cov/unit.log 2>&1 ||
			warn "$program failed"
		objects+=(-object "$program")
	done < <(find harness -name '*_test.c' | sed 's|^harness/\(.*\)\.c$|build/cov/tests/\1|')
fi
"$profdata" merge -sparse "$raw"/*.profraw -o build/cov/merged.profdata ||
	die 1 "the profiles cannot be merged" "is $profdata of the compiler's version?"

args=("${objects[@]:1}" -instr-profile=build/cov/merged.profdata -ignore-filename-regex='_test\.c$|^targets/|/targets/')
progress 'writing build/cov/html'
"$cov" show "${args[@]}" -format=html -output-dir=build/cov/html -show-line-counts-or-regions \
	-show-branches=count >build/cov/show.log 2>&1 || die 1 "llvm-cov failed" "read build/cov/show.log"
"$cov" export "${args[@]}" -format=text -summary-only >build/cov/summary.json 2>/dev/null
say "${bold}shipped corpus${NIGHT:+ and found inputs}${UNIT:+ and unit tests}: $(tr '\n' ' ' <<<"$chosen")$plain"
floor=--floor
[ -z "${T:-}${UNIT:-}${NIGHT:-}" ] || floor=
status=0
python3 ci/coverage_table.py build/cov/summary.json $floor ${FILES:+--files} || status=$?
say "build/cov/html/index.html shows each line"
exit $status
