#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Holds FEATURES.md to what is there: each row names its proof, each proof exists, no number comes
# twice, and no row of tiers P0 and S is open. Lists the others that are. Exit 1 if a row is not so.
#
#   ci/features.sh [--quiet] [<file>]      --quiet: no list of open rows
#
# A proof is folder/file_test:name (a test in harness/), target/seed (a file in corpus/) or vm:name (a
# part of the guest tests in toolchain/guest/parts, or a way to run one in toolchain/vm-test.sh). One may follow another, separated by spaces.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
quiet=0
[ "${1:-}" != --quiet ] || { quiet=1; shift; }
file=${1:-FEATURES.md}
[ -f "$file" ] || die 2 "there is no file '$file'" "it belongs at the top of the tree; git checkout brings it back"
bad=0
wrong() { say "${red}FAILED$plain $file: row $1: $2"; bad=$((bad + 1)); }

proof_exists() {
	case $1 in
	vm:?*) [ -f "toolchain/guest/parts/${1#vm:}" ] || grep -qwF -e "--${1#vm:}" toolchain/vm-test.sh ;;
	?*/?*_test:?*) grep -qsE "^static void ${1#*:}\(" "harness/${1%%:*}.c" ;;
	?*/?*) [ -f "corpus/$1.ops" ] || [ -f "corpus/$1.hex" ] ;;
	*) false ;;
	esac
}

rows=0 open=() seen=' '
while IFS='|' read -r _ row tier what proof _; do
	row=${row// /} tier=${tier# } tier=${tier% } what=${what# } what=${what% }
	[[ $row =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || continue
	rows=$((rows + 1))
	[[ $seen != *" $row "* ]] || wrong "$row" 'the number is taken'
	seen+="$row "
	[[ $tier =~ ^(P0|S|X|H)( (S|X|H))*$ ]] || wrong "$row" "'$tier' is no tier: P0, S, X, H"
	read -ra proofs <<<"$proof"
	if [ ${#proofs[@]} = 0 ]; then
		wrong "$row" "it names no proof; what nothing proves is 'open'"
	elif [ "${proofs[*]}" = open ]; then
		open+=("$row $tier: $what")
		[[ ! $tier =~ P0|S ]] || wrong "$row" "it is open: $tier, $what"
	else
		for one in "${proofs[@]}"; do
			proof_exists "$one" || wrong "$row" "its proof '$one' is not there"
		done
	fi
done <"$file"
[ $rows != 0 ] || wrong none 'the file has no rows'
if [ $quiet = 0 ] && [ ${#open[@]} != 0 ]; then
	say "Open rows:"
	printf '  %s\n' "${open[@]}"
fi
say "$rows rows, ${#open[@]} of them open, $bad wrong"
[ $bad = 0 ]
