#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Shows a device of ours to a stock QEMU by usbredir, and says what that did to the QEMU. No guest is
# needed: SeaBIOS enumerates it, finds nothing to start and restarts, which ends the machine. From a disk it starts
# what is there; that runs for half a minute, after which a QEMU that ends when it is told to is not hanging.
#
#   toolchain/redir-qemu.sh [--qemu <program>] [--verdict] <program.ops | device>
#
#   --qemu     default QEMU=<program>, else the host's qemu-system-x86_64, else toolchain/get-qemu.sh's
#   --verdict  print the last line only
#
# The last line is the verdict: CLEAN, HANG, or CRASH with the assertion or what ASan says, and whether that has a
# public report (corpus/known-findings; STRICT=1 does not look there). Exit 0 if it is
# clean, 1 if not, 2 if the device did not get as far as the QEMU.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

shopt -s extglob
qemu=${QEMU:-} device='' only_verdict=0
while [ $# -gt 0 ]; do
	case $1 in
	--qemu) qemu=${2:-}; shift ;;
	--verdict) only_verdict=1 ;;
	-*) die 2 "unknown option '$1'" "try toolchain/redir-qemu.sh --help" ;;
	*) device=$1 ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/redir-qemu.sh --help"
done
[ -n "$device" ] || die 2 "which device?" "a program (.ops), or as for gauntlet serve --device"
[ -n "$qemu" ] || qemu=$(command -v qemu-system-x86_64) || qemu=$(toolchain/get-qemu.sh) || exit 2
command -v "$qemu" >/dev/null || die 2 "$qemu: no such program" "install qemu-system-x86 or unset QEMU"

work=$(mktemp -d) peer=''
clean_up() {
	[ -z "$peer" ] || kill "$peer" 2>/dev/null
	wait
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
limit=30
tell() { [ $only_verdict = 1 ] || say "$*"; }

leashed build/asan/gauntlet redir-peer --listen "$work/socket" --once "$device" >"$work/peer.log" 2>&1 &
peer=$!
for _ in $(seq 100); do
	[ ! -S "$work/socket" ] || break
	kill -0 $peer 2>/dev/null || break
	sleep 0.1
done
if [ ! -S "$work/socket" ]; then
	cat "$work/peer.log" >&2
	die 2 "the peer did not start" "its words are above"
fi
status=0
# In braces, so that the shell's own word of a killed child goes to the log, too.
{ (leashed timeout -k 10 "$limit" "$qemu" -machine q35 -accel tcg -display none -nodefaults -no-reboot -boot reboot-timeout=100 \
	-device nec-usb-xhci -chardev "socket,id=redir,path=$work/socket" -device usb-redir,chardev=redir \
	</dev/null); } >"$work/qemu.log" 2>&1 || status=$?
wait $peer
peer_status=$?
peer=''
tell "$("$qemu" --version | head -n 1)"
[ $only_verdict = 1 ] || { cat "$work/peer.log"; sed "/$script: line /d; s/^/qemu: /" "$work/qemu.log"; }
grep -q ' shown$' "$work/peer.log" ||
	die 2 "this QEMU was not shown the device (exit $status)" "$(tail -n 1 "$work/qemu.log")"
[ $peer_status = 0 ] || die 2 "the peer ended with $peer_status" "that is a bug of ours: its words are above"

# "qemu-system-x86_64: ../../hw/usb/core.c:443: function: Assertion `..." from whatever folder it was built in.
what=$(sed -nE 's/^[^ ]*: (\.\.\/)*([^ ]*:[0-9]+): ([^ ]*): Assertion (.*) failed\.$/assertion \3 \2: \4/p' "$work/qemu.log" |
	head -n 1)
[ -n "$what" ] || what=$(sed -n 's/^SUMMARY: AddressSanitizer: //p' "$work/qemu.log" | head -n 1)
if [ -n "$what" ] || { [ $status != 0 ] && [ $status != 124 ] && [ $status != 137 ]; }; then
	what=${what:-exit $status}
	# The same cause in another version stands in another line.
	bucket=$(sha1sum <<<"${what//:[0-9]*([0-9]):/:}" | cut -c1-16) reference=''
	version=$("$qemu" --version | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p')
	[ $strict = 1 ] || reference=$(build/asan/gauntlet known "$bucket" qemu "${version:-0}")
	printf 'CRASH %s [bucket %s]%s\n' "$what" "$bucket" "${reference:+, known: $reference}"
	exit 1
fi
if [ $status = 137 ]; then
	echo "HANG of QEMU ($limit s)"
	exit 1
fi
echo CLEAN
