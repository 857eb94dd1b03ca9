#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Holds us to ci/calls-of-qemu: each public function of libusb and usbredirparser that QEMU's host and redir devices
# call is reached by the shipped corpus, or by the unit tests of what is built on these libraries. Prints the table;
# exit 1 if one is not reached.
#
#   ci/calls.sh [--quiet]      --quiet: only what is not reached
#
# Programs of build/plain are linked so that a function of a shared library is bound when it is called for the first
# time (-z lazy); the loader says so (LD_DEBUG=bindings, ld.so(8)). Functions whose address is taken are bound
# before, so they do not count. An inline function cannot be seen so: it has to be called in a file of harness/
# from which the function behind it, libusb_submit_transfer or the transfer's own callback, is.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
quiet=0
[ "${1:-}" != --quiet ] || { quiet=1; shift; }
[ $# = 0 ] || die 2 "unknown option '$1'" "try ci/calls.sh --help"
list=ci/calls-of-qemu
[ -s $list ] || die 2 "there is no file '$list'" "git checkout brings it back"
need_setup

programs=() targets=()
while read -r t; do
	[[ $t =~ ^(libusb|redir|trial)$ ]] || continue
	targets+=("$t")
	programs+=("build/plain/$(under "$t")_replay")
done < <(all_targets)
tests=()
while read -r source; do
	tests+=("build/plain/tests/${source#harness/}")
done < <(grep -rlE 'libusb|usbredir|redir/testbed\.h|dev/host\.h|dev/redir\.h|usbfs/|redir/p' harness --include='*_test.c' |
	sed 's/\.c$//' | LC_ALL=C sort)
build "${programs[@]}" "${tests[@]}"
ci/corpus.sh --quiet || exit 1

seen=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$seen"' EXIT

# called RESULT PROGRAM ARGUMENT..: adds what it bound in the libraries while it ran.
called() {
	local result=$1 program=$2 log=$seen/log
	shift 2
	progress "$program"
	rm -f "$log".*
	env -u LD_BIND_NOW LD_DEBUG=bindings LD_DEBUG_OUTPUT="$log" "$program" "$@" >"$seen/out" 2>&1 || {
		tail -n 20 "$seen/out"
		die 1 "$program fails" "make test names the case"
	}
	# Taken at the start: what has a place in the table of data.
	readelf -rW "$program" | awk '/R_X86_64_(GLOB_DAT|64)|R_AARCH64_(GLOB_DAT|ABS64)/ { sub(/@.*/, "", $5); print $5 }' |
		LC_ALL=C sort -u >"$seen/taken"
	cat "$log".* | sed -nE "s|.*binding file .*${program##*/} \[0\] to .*lib(usb-1\.0\|usbredirparser)\.so.*symbol .([A-Za-z0-9_]+)'.*|\2|p" |
		LC_ALL=C sort -u | LC_ALL=C comm -23 - "$seen/taken" >>"$seen/$result"
}

: >"$seen/corpus"
: >"$seen/tests"
for i in "${!programs[@]}"; do
	called corpus "${programs[i]}" "build/corpus/${targets[i]}"
done
for program in "${tests[@]}"; do
	called tests "$program"
done

# reached FUNCTION KIND: by what, or nothing.
reached() {
	if [ "$2" = inline ]; then
		! grep -rqE "\b$1\(" harness --include='*.c' --exclude='*_test.c' || echo 'called inline'
	elif grep -qxF -- "$1" "$seen/corpus"; then
		echo corpus
	elif grep -qxF -- "$1" "$seen/tests"; then
		echo 'unit tests'
	fi
}
total=0 missing=0
while read -r name device kind; do
	[[ $name != '#'* && -n $name ]] || continue
	total=$((total + 1))
	by=$(reached "$name" "$kind")
	if [ -z "$by" ]; then
		missing=$((missing + 1))
		say "${red}FAILED$plain $list: nothing reaches $name, which QEMU's $device device calls"
	elif [ $quiet = 0 ]; then
		say "$(printf '%-52s %-6s %s' "$name" "$device" "$by")"
	fi
done <$list
[ $total != 0 ] || die 2 "$list has no rows" "git checkout brings it back"
say "$total functions, $((total - missing)) reached"
[ $missing = 0 ]
