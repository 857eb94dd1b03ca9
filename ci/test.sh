#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Sets up, builds and tests: unit tests in the clang ASan and the gcc build, every corpus file,
# replay determinism between builds and runs, the vacuity gate, the proofs of FEATURES.md, the calls of libraries, a seed for
# each historical bug, the resurrected ones, the gates' own tests, captures of real
# devices where they are to be had, a device of ours in each QEMU that is there, and one
# boot of a real guest where a QEMU is to be had (VM=0: not). Ends with one line "N passed, N failed"; exit 1 on failure.
#
#   ci/test.sh [<suite>..]      suites: unit corpus determinism vacuity features calls history gates bugs captures qemu vm

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
suites=${*:-unit corpus determinism vacuity features calls history gates bugs captures qemu vm}
for s in $suites; do
	case $s in
	unit | corpus | determinism | vacuity | features | calls | history | gates | bugs | captures | qemu | vm) ;;
	*) die 2 "there is no suite '$s'" "try ci/test.sh --help" ;;
	esac
done
need_setup
began=$SECONDS
build built-asan built-plain built-asan-tests built-plain-tests
say "built in $((SECONDS - began)) s"
ci/corpus.sh --quiet || exit 1
eval "$(toolchain/sanitizer-profile ci --env)"
mkdir -p build/test
passed=0 failed=0

# tally SUITE PASSED FAILED SECONDS
tally() {
	passed=$((passed + $2)) failed=$((failed + $3))
	say "$(printf '%s%-34s%s %5d passed, %d failed  (%d s)' \
		"$([ "$3" = 0 ] && printf %s "$green" || printf %s "$red")" "$1" "$plain" "$2" "$3" "$4")"
}

# one NAME COMMAND..: one test; what it printed is shown when it fails.
one() {
	local name=$1
	shift
	progress "$name"
	# In braces, so that the shell's own word of a killed child goes to the log, too.
	if { "$@"; } >build/test/one.log 2>&1; then
		ok=$((ok + 1))
	else
		say "${red}FAILED$plain $name (exit $?)"
		tail -n 40 build/test/one.log
		bad=$((bad + 1))
	fi
}
suite() { ok=0 bad=0 suite_began=$SECONDS; }
done_suite() { tally "$1" "$ok" "$bad" $((SECONDS - suite_began)); }

# A cmocka program prints a row for each of its tests; one that dies early counts as one failure.
unit() {
	local profile=$1 program log good wrong status
	suite
	while read -r program; do
		log=build/test/unit.log
		progress "$program"
		{ timeout 300 "$program"; } >"$log" 2>&1
		status=$?
		good=$(grep -c '^\[       OK \]' "$log")
		wrong=$(grep -cE '^\[  FAILED  \] [a-zA-Z_]' "$log")
		# Failed tests are listed again at the end, under "[  FAILED  ] N test(s), listed below".
		wrong=$(grep -qE 'listed below' "$log" && echo $((wrong / 2)) || echo "$wrong")
		[ $status = 0 ] || [ "$wrong" != 0 ] || wrong=1
		[ "$good" != 0 ] || [ "$wrong" != 0 ] || wrong=1
		if [ "$wrong" != 0 ]; then
			say "${red}FAILED$plain $program (exit $status)"
			grep -vE '^\[( RUN  |       OK )' "$log" | tail -n 40
		fi
		ok=$((ok + good)) bad=$((bad + wrong))
	done < <(find harness -name '*_test.c' | LC_ALL=C sort |
		sed "s|^harness/\(.*\)\.c$|build/$profile/tests/\1|")
	done_suite "unit tests, $profile"
}

# All files of a target in one process; file by file only if that fails, to name the culprits.
corpus() {
	local profile=$1 t dir replay n f
	suite
	for t in $(all_targets); do
		dir=build/corpus/$t replay=build/$profile/$(under "$t")_replay
		n=$(find "$dir" -type f 2>/dev/null | wc -l)
		progress "$replay: $n files"
		if { timeout 900 "$replay" "$dir"; } >build/test/corpus.log 2>&1; then
			ok=$((ok + n))
			continue
		fi
		for f in "$dir"/*; do
			one "$replay $f" timeout 60 "$replay" "$f"
		done
		[ $bad != 0 ] || one "$replay on all of $dir at once (each alone is clean)" false
	done
	done_suite "corpus files, $profile"
}

determinism() {
	local dir=build/corpus/xhci-ring
	suite
	if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
		one 'each seed: 100 runs, alone and after others' \
			timeout 900 build/asan/gauntlet determinism "$dir" --runs 100
		one 'the same in the gcc build' \
			timeout 900 build/plain/gauntlet determinism "$dir" --runs 100
		one 'clang and gcc give the same trace hashes' same_hashes "$dir"
		one 'saved at 16 places of each, it goes on the same' \
			timeout 900 build/asan/gauntlet determinism "$dir" build/corpus/device --saves 16
	fi
	done_suite determinism
}
# A case that is a finding has a hash as well; it fails elsewhere.
same_hashes() {
	local profile
	for profile in asan plain; do
		find "$1" -type f | LC_ALL=C sort |
			xargs -d '\n' build/$profile/gauntlet run --hash >build/test/hash.$profile
	done
	[ -s build/test/hash.asan ] && diff build/test/hash.asan build/test/hash.plain
}

# The device that ends a stock QEMU by usb-redir, and one that does not. All versions that were tried end so; one
# that is mended makes the first of these fail: then note it in README.md, and here.
qemu() {
	local program list case=corpus/xhci-ring/redir-endpoint-0x80.ops
	list=$(command -v qemu-system-x86_64)
	if [ "${VM:-1}" != 0 ]; then
		progress 'fetching a QEMU'
		list+=" $(toolchain/get-qemu.sh 2>build/test/qemu.log)"
	fi
	if [ -z "${list// /}" ]; then
		say "${yellow}left out$plain a device in a real QEMU: there is none, install qemu-system-x86"
		return
	fi
	suite
	for program in $list; do
		one "$program: an endpoint 0x80 ends it" ends_qemu "$program" "$case"
		one "$program: a keyboard does not" toolchain/redir-qemu.sh --qemu "$program" keyboard
	done
	done_suite 'a device in a real QEMU'
}
ends_qemu() {
	local status=0
	toolchain/redir-qemu.sh --qemu "$1" "$2" >build/test/qemu.log 2>&1 || status=$?
	cat build/test/qemu.log
	[ $status = 1 ] && tail -n 1 build/test/qemu.log |
		grep -q '^CRASH assertion usb_handle_packet hw/usb/core\.c:[0-9]*: `p->ep->type != USB_ENDPOINT_XFER_INT '
}

for s in $suites; do
	case $s in
	unit) unit asan; unit plain ;;
	corpus) corpus asan; corpus plain ;;
	determinism) determinism ;;
	vacuity)
		suite
		one 'every op, TRB, command and completion code is reached' build/asan/gauntlet vacuity corpus
		done_suite 'vacuity gate' ;;
	features)
		suite
		one 'each row of FEATURES.md has its proof' ci/features.sh --quiet
		done_suite 'feature table' ;;
	calls)
		suite
		one "each call of QEMU's usb-host and usb-redir is reached" ci/calls.sh --quiet
		done_suite 'calls of the libraries' ;;
	history)
		suite
		progress 'a seed for each historical bug'
		ci/history.sh >build/test/history.log 2>&1 || grep -v '^ok ' build/test/history.log
		ok=$(grep -c '^ok ' build/test/history.log) bad=$(grep -c '^FAILED ' build/test/history.log)
		[ "$ok" != 0 ] || bad=$((bad + 1))
		done_suite 'what guests have done' ;;
	gates)
		suite
		progress 'the gates can fail'
		(unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; ci/self_test.sh) >build/test/gates.log 2>&1 ||
			grep -vE '^ok ' build/test/gates.log
		ok=$(grep -c '^ok ' build/test/gates.log) bad=$(grep -c '^FAILED ' build/test/gates.log)
		[ "$ok" != 0 ] || bad=$((bad + 1))
		done_suite 'the gates can fail' ;;
	bugs)
		[ -n "$(ls -d corpus/bugs/*/ 2>/dev/null)" ] || continue
		suite
		(unset SECS B; ci/bugs.sh) >build/test/bugs.log 2>&1 || grep -v '^ok ' build/test/bugs.log
		ok=$(grep -c '^ok ' build/test/bugs.log) bad=$(grep -c '^FAILED ' build/test/bugs.log)
		[ "$ok" != 0 ] || bad=$((bad + 1))
		done_suite 'resurrected bugs' ;;
	captures)
		if [ "${VM:-1}" = 0 ]; then continue; fi
		progress 'fetching captures of real devices'
		if ! folder=$(toolchain/get-captures.sh 2>build/test/captures.log); then
			say "${yellow}left out$plain captures of real devices: there are none to be had, see build/test/captures.log"
			continue
		fi
		suite
		progress 'captures of real devices'
		ci/captures.sh "$folder" >build/test/captures.log 2>&1 || grep -v '^ok ' build/test/captures.log
		ci/umockdev.sh "$folder" >build/test/umockdev.log 2>&1 || grep -v '^ok ' build/test/umockdev.log
		ok=$(cat build/test/{captures,umockdev}.log | grep -c '^ok ')
		bad=$(cat build/test/{captures,umockdev}.log | grep -c '^FAILED ')
		grep -q '^ok ' build/test/umockdev.log || bad=$((bad + 1))
		[ "$ok" != 0 ] || bad=$((bad + 1))
		done_suite 'captures of real devices' ;;
	qemu) qemu ;;
	vm)
		if [ "${VM:-1}" = 0 ]; then continue; fi
		progress 'fetching a QEMU and a guest'
		if ! { toolchain/get-qemu.sh && toolchain/get-guest.sh; } >build/test/vm.log 2>&1; then
			say "${yellow}left out$plain real guests: no QEMU or no guest to be had, see build/test/vm.log"
			continue
		fi
		suite
		progress 'a real guest'
		# Its sanitizer options are its own: they are for what it starts, too.
		(unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS ONLY LIST; SHORT=1 toolchain/vm-test.sh) >build/test/vm.log 2>&1 ||
			grep -v '^ok ' build/test/vm.log
		ok=$(grep -c '^ok ' build/test/vm.log) bad=$(grep -c '^FAILED ' build/test/vm.log)
		[ "$ok" != 0 ] || bad=$((bad + 1))
		done_suite 'a real guest' ;;
	esac
done

say "$passed passed, $failed failed"
[ $failed = 0 ]
