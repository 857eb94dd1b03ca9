#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Captures of real devices, by usbmon or USBPcap, as programs: each device of each capture is imported, its program is
# clean, and what a capture of that program says of the device is what the first one said. Where a device file of
# umockdev lies beside it (from another source, the sysfs of that machine), the device with its ids is that one.
#
#   ci/captures.sh [<folder>]      with <name>/*.pcapng and <name>/device; default toolchain/get-captures.sh's
#
# One line for each capture, "ok" or "FAILED"; exit 1 on failure, 2 if there are none.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
folder=${1:-$(toolchain/get-captures.sh)} || exit 2
gauntlet=build/asan/gauntlet
[ -x $gauntlet ] || build $gauntlet
work=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$work"' EXIT
failed=0

bytes() { grep -v '^#' "$1" | tr -d ' \n'; }
# without_strings HEX: device, configurations and what else there is up to the strings, which a driver need not ask for.
# The first string is the list of languages; nothing else in a set of import_traffic has this length and type.
cut_strings() { sed -E 's/0403[0-9a-f]{4}((02|0[4-9a-f]|[1-9a-f][0-9a-f])03.*)?$//' <<<"$1"; }

# one CAPTURE: what is wrong, a line each; nothing if all is well.
one() {
	local n=0 first again known='' device
	device=$(dirname "$1")/device
	[ ! -f "$device" ] || { $gauntlet import --from umockdev "$device" -o "$work/known.hex" && known=$(bytes "$work/known.hex"); } ||
		echo "$device cannot be read"
	while [ $n -lt 64 ] && $gauntlet import -n $n "$1" -o "$work/first.hex" 2>"$work/said"; do
		if ! $gauntlet import -n $n "$1" -o "$work/case.ops" || ! $gauntlet repro "$work/case.ops" --pcap "$work/again.pcap" >"$work/log" 2>&1; then
			echo "device $n: $(tail -n 1 "$work/log")"
		elif ! $gauntlet import "$work/again.pcap" -o "$work/again.hex"; then
			echo "device $n is not enumerated by its program"
		else
			first=$(cut_strings "$(bytes "$work/first.hex")") again=$(cut_strings "$(bytes "$work/again.hex")")
			[ "$first" = "$again" ] || echo "device $n is another one when its program is played"
			# A capture may have less (it began later) or more (BOS) than sysfs; ids are at 8 (USB2 9.6.1).
			[ "${known:16:8}" != "${first:16:8}" ] || [[ $known == "$first"* || $first == "$(cut_strings "$known")"* ]] ||
				echo "device $n is not that of $device"
		fi
		n=$((n + 1))
	done
	[ $n != 0 ] || tail -n 1 "$work/said"
}

count=0
while read -r capture; do
	count=$((count + 1))
	progress "$capture"
	wrong=$(one "$capture" 2>&1)
	if [ -z "$wrong" ]; then
		say "ok ${capture#"$folder"/}"
	else
		say "FAILED ${capture#"$folder"/}: $wrong"
		failed=$((failed + 1))
	fi
done < <(find "$folder" -name '*.pcapng' -o -name '*.pcap' | LC_ALL=C sort)
[ $count != 0 ] || die 2 "there are no captures in $folder" "toolchain/get-captures.sh --force fetches them again"
[ $failed = 0 ]
