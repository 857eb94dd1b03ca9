#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What a change must pass: format, include layers, no abort outside REQUIRE, file lengths, shell
# scripts, warnings as errors in clang and gcc, and then make test. Exit 1 on failure.
#
#   ci/check.sh [--static] [<top folder>]
#
# --static leaves out what needs a compiler. The folder is for trying the checks on another tree.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
static=0
[ "${1:-}" != --static ] || { static=1; shift; }
need_setup
here=$PWD
cd "${1:-.}" || die 2 "cannot enter '$1'" "give the top folder of a tree"
failed=0

# one NAME HINT COMMAND..: silent when it passes.
one() {
	local name=$1 hint=$2 out
	shift 2
	if out=$("$@" 2>&1); then
		say "${green}ok$plain     $name"
	else
		say "${red}failed$plain $name"
		head -n 40 <<<"$out"
		say "  $hint"
		failed=$((failed + 1))
	fi
}

sources() { find harness targets -name '*.[ch]' 2>/dev/null | LC_ALL=C sort; }
scripts() {
	find ci toolchain .ci -type f 2>/dev/null | LC_ALL=C sort | while read -r f; do
		[[ $f == *.sh ]] || head -n 1 "$f" | grep -qE '^#!.*(ba)?sh$' && printf '%s\n' "$f"
	done
}

format() { sources | xargs -r clang-format --dry-run -Werror; }
spdx() {
	local f bad=0
	while read -r f; do
		head -n 2 "$f" | grep -q 'SPDX-License-Identifier: MIT' || { echo "$f"; bad=1; }
	done < <(sources; scripts; find harness -name '*.def')
	return $bad
}
lengths() {
	sources | xargs -r wc -l | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines"; bad = 1 }
		END { exit bad }'
}
# Guest and device data must never end the program; REQUIRE, in base.h, is for our own bugs, and
# fuzz.c tells an engine of a finding. Left out: comments, and names that only end in assert.
aborts() {
	! find harness -name '*.[ch]' ! -name base.h ! -path harness/fuzz.c ! -name '*_test.c' -print0 |
		xargs -0 -r grep -nE '(^|[^A-Za-z0-9_."])(assert|abort|__builtin_trap|__builtin_unreachable)[ ]*\(' |
		grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)|REQUIRE-OK: '
}
shells() { scripts | xargs -r shellcheck; }
machine_paths() {
	! { sources; scripts; find . -maxdepth 1 -type f ! -name .git; find harness -name '*.def'; } |
		xargs -r grep -nE "(^|[[:space:]'=(:]|[[:space:]=(]\")/(work|home|root|tmp/[a-z]+)/"
}

one 'format' 'clang-format -i <file> repairs it' format
one 'licence line in every file' 'first line: // SPDX-License-Identifier: MIT' spdx
one 'include layers' 'the table is in ci/layers.sh' "$here/ci/layers.sh" "$PWD"
one 'files of at most 400 lines' 'split by noun' lengths
one 'no assert or abort outside REQUIRE' 'answer as the spec says, or REQUIRE if only we can be wrong' aborts
one 'no paths of one machine' 'use relative paths' machine_paths
if command -v shellcheck >/dev/null; then
	one 'shell scripts' 'the SC numbers are explained by shellcheck' shells
else
	say "${yellow}skipped$plain shell scripts: shellcheck is not installed"
fi

if [ $static = 0 ]; then
	one 'no warnings in clang' 'the warnings are above' build WERROR=1 built-asan built-asan-tests built-fuzz
	one 'no warnings in gcc' 'the warnings are above' build WERROR=1 built-plain built-plain-tests
fi
[ $failed = 0 ] || { say "${red}$failed of the checks failed$plain"; exit 1; }
[ $static = 1 ] || exec ci/test.sh
