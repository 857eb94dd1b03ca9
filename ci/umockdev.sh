#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Recordings of real devices, played by umockdev to the distribution's libusb: the device `host` makes of each what the
# kernel of that machine showed in sysfs. None of our own parts plays a device here.
#
#   ci/umockdev.sh [<folder>]      with <name>/*.pcapng and <name>/device; default toolchain/get-captures.sh's
#
# One line for each recording: "ok", "FAILED", or "passed over" for those that are known to begin too late and have no
# answer to what libusb asks. Exit 1 on failure, 2 if none could be played.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
folder=${1:-$(toolchain/get-captures.sh)} || exit 2
command -v umockdev-run >/dev/null || die 2 "there is no umockdev-run" "toolchain/setup.sh installs it"
program=build/plain/tests/dev/host_recorded_test
build $program

# value KEY FILE: of the device, which comes first; the hub it is in may follow.
value() { sed -n "s/^$1//p" "$2" | head -n 1; }
# Of any other, that umockdev has no answer may be the fault of who asks.
begin_late=' egis0570 focaltech_moc '
failed=0 played=0
while read -r device; do
	name=$(basename "$(dirname "$device")")
	capture=$(find "$(dirname "$device")" -name '*.pcap*' | LC_ALL=C sort | head -n 1)
	[ -n "$capture" ] || continue
	progress "$name"
	sysfs=/sys$(value 'P: ' "$device")
	if said=$(GAUNTLET_RECORDED=$(value 'E: ID_VENDOR_ID=' "$device"):$(value 'E: ID_MODEL_ID=' "$device") \
		GAUNTLET_SYSFS=$sysfs timeout 60 umockdev-run -d "$device" -p "$sysfs=$capture" -- $program 2>&1); then
		say "ok $name"
		played=$((played + 1))
	elif [[ $begin_late == *" $name "* ]] && grep -q 'Replay may be stuck' <<<"$said"; then
		say "passed over $name: the recording has no answer"
	else
		say "FAILED $name: $(grep -m 1 -E 'ERROR|FAILED' <<<"$said")"
		failed=$((failed + 1))
	fi
done < <(find "$folder" -name device | LC_ALL=C sort)
[ $failed = 0 ] || exit 1
[ $played != 0 ] || die 2 "there is nothing in $folder that could be played" "toolchain/get-captures.sh --force fetches it again"
