#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The two long proofs: endpoints stopped at N random points lose and double no byte, and event rings
# under N random writes of ERDP lose, overwrite and reorder no event. The same N and SEED give the
# same run. Progress is a line per part. Exit 1 if one fails.
#
#   ci/integrity.sh        N=<how often> (1000000), SEED=<where the dice start> (1)

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
n=${N:-1000000} seed=${SEED:-1}
case $n$seed in
*[!0-9]* | '') die 2 "N and SEED are numbers" "for example: make integrity N=1000000 SEED=1" ;;
esac
need_setup
programs='build/asan/tests/xhci/integrity_test build/asan/tests/xhci/event_flood_test'
# shellcheck disable=SC2086 # two names
build $programs
eval "$(toolchain/sanitizer-profile ci --env)"
failed=0
for program in $programs; do
	began=$SECONDS
	say "== ${program##*/}: $n times, seed $seed"
	INTEGRITY_N=$n INTEGRITY_SEED=$seed stdbuf -oL "$program" || failed=1
	say "${program##*/}: $((SECONDS - began)) s"
done
[ $failed = 0 ] || die 1 "a byte or an event got lost" "the same N and SEED show it again"
say "nothing lost, nothing twice"
