#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Reads the sources with gcc -fanalyzer, clang-tidy (.clang-tidy) and cppcheck. What one of them says is a
# failure, unless it is answered: in its place (NOLINT(check): why; cppcheck-suppress check ; why), or by a
# line in ci/analyze-explained, which is for gcc, who has no such comment, and for paths through a whole file
# that clang's analyzer thinks up. One line for each, "ok" or "FAILED"; exit 1.
#
#   [ONLY=gcc|clang-tidy|cppcheck] ci/analyze.sh [<file>..]      default: all of harness/ and targets/

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
explained=ci/analyze-explained out=build/analyze
failed=0
case ${ONLY:-} in
'' | gcc | clang-tidy | cppcheck) ;;
*) die 2 "ONLY='$ONLY' is none of gcc, clang-tidy, cppcheck" "leave it out for all three" ;;
esac
mkdir -p $out
[ $# = 0 ] && all=1 || all=0
if [ $# -gt 0 ]; then
	printf '%s\n' "$@" >$out/files
else
	find harness targets -name '*.c' | LC_ALL=C sort >$out/files
fi
flags=(-std=c11 -D_GNU_SOURCE -Iharness)

# judge NAME FINDINGS: each line "file:line:column: warning: text [check]".
judge() {
	local name=$1 left=$out/$1.left
	# A line of $explained: <file> <check> <why>; it answers that check in that file.
	awk -v name="$name" -v all="$all" '
		BEGIN {
			while ((getline < "'$explained'") > 0)
				if (!/^#/ && NF > 2 && name == ($2 ~ /^-W/ ? "gcc" : "clang-tidy")) why[$1 " " $2] = 0
		}
		{
			file = $1; sub(/:.*/, "", file)
			check = $NF; gsub(/[][]/, "", check)
			if ((file " " check) in why) why[file " " check]++; else print
		}
		END {
			for (w in why) if (all && !why[w])
				print w ": a line of '$explained' that answers nothing"
		}' <(sed "s|^$PWD/||" "$2" | sort -u) >"$left"
	if [ -s "$left" ]; then
		say "${red}FAILED$plain $name: $(wc -l <"$left") findings that nobody has answered"
		cut -c1-220 "$left" | head -n 40
		failed=$((failed + 1))
	else
		say "${green}ok$plain $name: $(wc -l <$out/files) files"
	fi
}
want() { [ -z "${ONLY:-}" ] || [ "$ONLY" = "$1" ]; }
need() { command -v "$1" >/dev/null || die 2 "there is no $1" "apt-get install $1, or ONLY=<another>"; }

if want gcc; then
	progress 'gcc -fanalyzer'
	need "${GCC:-gcc}"
	# shellcheck disable=SC2016 # it is for the shell that xargs starts
	# Where gcc has lost the line it says cc1. $0 is the file.
	xargs -P"$jobs" -I{} sh -c '"$@" "$0" 2>&1 | sed "s|^cc1: |$0:0:0: |"' {} "${GCC:-gcc}" "${flags[@]}" \
		-O2 -fanalyzer -fdiagnostics-path-format=none -c -o /dev/null <$out/files >$out/gcc.log
	grep -E ' (warning: .*\[-Wanalyzer-|(fatal )?error: )' $out/gcc.log >$out/gcc.findings
	judge gcc $out/gcc.findings
fi
if want clang-tidy; then
	progress 'clang-tidy'
	need clang-tidy
	xargs -P"$jobs" -n8 clang-tidy --quiet "${flags[@]/#/--extra-arg=}" <$out/files >$out/clang-tidy.log 2>$out/clang-tidy.err
	grep -E ':[0-9]+: (warning|error): ' $out/clang-tidy.log >$out/clang-tidy.findings
	judge clang-tidy $out/clang-tidy.findings
fi
if want cppcheck; then
	progress 'cppcheck'
	need cppcheck
	cppcheck -j"$jobs" --enable=warning,performance,portability --inline-suppr --suppress=unmatchedSuppression \
		--std=c11 -D_GNU_SOURCE -D__GNUC__ -Iharness --quiet --file-list=$out/files \
		--template='{file}:{line}:{column}: {severity}: {message} [{id}]' \
		2>$out/cppcheck.findings >$out/cppcheck.log || die 2 "cppcheck failed" "its words are in $out/cppcheck.log"
	judge cppcheck $out/cppcheck.findings
fi
[ $failed = 0 ]
