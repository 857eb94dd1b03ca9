#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Real guests on our controller, with ASan, UBSan and the oracles on: stock Debian kernels and
# firmware. Each row of the table is one boot of a virtual machine; ends with "N passed, N failed".
#
#   toolchain/vm-test.sh                 all of it
#   SHORT=1 toolchain/vm-test.sh         one kernel, one boot, at most three minutes
#   ONLY=<part of a name> toolchain/vm-test.sh
#   LIST=1 toolchain/vm-test.sh          what there is
#   JOBS=<n> toolchain/vm-test.sh        so many at once; by default one, as a guest minds a busy host
#
# At its first run it fetches a QEMU and the guests, below ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet. The
# logs are in build/vm-test, and the console of what failed. Exit 1 if something failed, 2 if something needed is missing.

# shellcheck disable=SC2317 # row calls the functions
# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
[ $# = 0 ] || die 2 "unknown option '$1'" "try toolchain/vm-test.sh --help"
short=${SHORT:-0} only=${ONLY:-} list=${LIST:-0}
unset SHORT ONLY LIST
passed=0 failed=0 running=0 at_once=${JOBS:-1}
[[ $at_once =~ ^[1-9][0-9]?$ ]] || die 2 "JOBS='$at_once' is not a number" "for example JOBS=2"
mkdir -p build/vm-test
# Each is a group of processes, so that all of it ends with us.
stop_all() {
	local group
	for group in $(jobs -p); do
		kill -- "-$group" 2>/dev/null
	done
	wait
}
trap stop_all EXIT
trap 'exit 130' INT TERM
[ "$list" = 1 ] || build build/asan/gauntlet # once, and not by each that is played

# play NAME LOG COMMAND..: it must pass. Its notes are shown, and all it said if it does not.
play() {
	local name=$1 log=$2 began=$SECONDS status=0
	shift 2
	VM_LOGS=${log%.log} "$@" >"$log" 2>&1 || status=$?
	if [ $status = 0 ]; then
		say "$(printf '%sok%s     %-52s %4d s  %s violations\n' "$green" "$plain" "$name" $((SECONDS - began)) "$(grep -c VIOLATED "$log")"
			sed -n 's/^  note \(disk .*\)/         \1/p' "$log")"
	else
		say "$(echo "${red}FAILED$plain $name (exit $status, $((SECONDS - began)) s): $log"; tail -n 40 "$log")"
	fi
	return $status
}
# reap: waits for one of those that are being played.
reap() {
	if wait -n; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	running=$((running - 1))
}
# row NAME COMMAND..: as soon as there is room.
row() {
	local name=$1
	shift
	[[ $name == *"$only"* ]] || return 0
	[ "$list" = 0 ] || { say "$name"; return 0; }
	[ $running -lt "$at_once" ] || reap
	progress "$name"
	set -m
	play "$name" "build/vm-test/${name//[ \/,:]/-}.log" "$@" </dev/null &
	set +m
	running=$((running + 1))
}
# fails_with PATTERN COMMAND..: it must say this and exit with 1.
fails_with() {
	local pattern=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=$?
	printf '%s\n' "$said"
	[ "$status" = 1 ] || { echo "it did not exit with 1"; return 1; }
	grep -qE -- "$pattern" <<<"$said" || { echo "'$pattern' was not said"; return 1; }
}
boot() { row "$1" toolchain/vm-boot.sh "${@:2}"; }
verdict() {
	[ "$list" = 0 ] || exit 0
	while [ $running -gt 0 ]; do reap; done
	say "$passed passed, $failed failed"
	[ $failed = 0 ] && [ $passed != 0 ]
	exit
}

if [ "$short" != 0 ]; then
	boot 'Linux 6.1 on qemu-xhci, short' --parts enumerate,input,disk,plug,yank,rebind,suspend --set plug_rounds=1
	verdict
fi

all=enumerate,input,disk,plug,yank,suspend,idle,rebind,reset
boot 'Linux 6.1 on qemu-xhci' --parts $all,usbtest --set disk_mb=64 --set rebind_rounds=50
boot 'Linux 6.12 on qemu-xhci, SeaBIOS before' --suite bookworm-backports --firmware --parts $all,deep \
	--set disk_mb=64 --set rebind_rounds=50 --set suspend_rounds=3
boot 'Linux 7 on nec-usb-xhci, memory by messages' --suite trixie-backports --profile nec-usb-xhci --no-memfd \
	--parts $all --set rebind_rounds=5
boot 'Linux 6.12 on conformant' --suite bookworm-backports --profile conformant --parts $all,usbtest --set rebind_rounds=5 \
	--set plug_rounds=5
boot 'Linux 6.12 on conformant, the power is lost' --suite bookworm-backports --profile conformant --firmware \
	--parts enumerate,disk,suspend,deep --set suspend_rounds=2
row 'SeaBIOS starts from the disk' toolchain/vm-firmware.sh seabios
row 'SeaBIOS on nec-usb-xhci, high speed' toolchain/vm-firmware.sh seabios --profile nec-usb-xhci --speed high
row 'OVMF starts Linux from the disk' toolchain/vm-firmware.sh ovmf
row 'OVMF on conformant, high speed' toolchain/vm-firmware.sh ovmf --profile conformant --speed high
row 'U-Boot for arm64 reads and writes' toolchain/vm-firmware.sh u-boot
row 'U-Boot on nec-usb-xhci, full speed' toolchain/vm-firmware.sh u-boot --profile nec-usb-xhci --speed full

boot 'Linux 6.1, UAS with streams and without, a CD' --parts enumerate,disk,uas,cdrom --set disk_mb=64
boot 'Linux 6.1, the disk through the real libusb' --via-libusb --parts enumerate,disk --set disk_mb=16

boot 'Linux 6.12, UAS with streams, 256 MB' --suite bookworm-backports --parts enumerate,uas --set disk_mb=256
for class in hub serial network audio ccid mtp roads; do
	row "Linux 6.1, $class" toolchain/vm-class.sh $class
done

# A controller that lies: each success is reported with a byte too few.
lying=build/vm-test/lying
plant_lie() {
	local where=harness/xhci/completion.c
	rm -rf "$lying"
	mkdir -p "$lying/build"
	cp -a Makefile toolchain harness targets "$lying/"
	cp -a build/asan "$lying/build/"
	sed -i 's/xhci_transfer_event(ep, t, CC_SUCCESS, 0);/xhci_transfer_event(ep, t, CC_SUCCESS, 1);/' "$lying/$where"
	! cmp -s "$where" "$lying/$where" || { echo "the lie has no place in $where any more"; return 1; }
	make --no-print-directory -C "$lying" -j"$jobs" build/asan/gauntlet
}
lie_is_seen() {
	plant_lie && fails_with '^ *VIOLATED' env "GAUNTLET=$lying/build/asan/gauntlet" toolchain/vm-boot.sh --parts enumerate
}
row 'gate: a warning of the kernel' fails_with 'WARN planted' toolchain/vm-boot.sh --parts enumerate --plant
row 'gate: an oracle' lie_is_seen
row 'gate: a byte of a disk' fails_with 'redir.img is not what the guest read' toolchain/vm-class.sh --plant roads
verdict
