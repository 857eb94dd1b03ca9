#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots a stock Debian kernel on our controller and records what its drivers do, as programs for
# corpus/xhci-ring/.
#
#   toolchain/vm-record.sh [--profile <profile>] [--plan <word,..>] [--device <device>] .. -o <file>.ops
#
#   --profile  qemu-xhci (default), nec-usb-xhci or conformant
#   --plan     what the guest does after it has enumerated: storage hid unplug unbind (default: nothing)
#   --device   plugged in, as for gauntlet serve; may be repeated (default: keyboard)
#   --firmware let SeaBIOS look at the controller first
#   --raw      also keep the recording itself, beside the result
#
# KERNEL=<package> takes another of Debian's kernels, as for get-guest.sh. A disk is memory with our own
# pattern, because that is what a program finds when it is played.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

profile=qemu-xhci plan='' out='' firmware=0 raw=0 devices=()
while [ $# -gt 0 ]; do
	case $1 in
	--profile) profile=${2:-}; shift ;;
	--plan) plan=${2:-}; shift ;;
	--device) devices+=(--device "${2:-}"); shift ;;
	--firmware) firmware=1 ;;
	--raw) raw=1 ;;
	-o) out=${2:-}; shift ;;
	*) die 2 "unknown option '$1'" "try toolchain/vm-record.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-record.sh --help"
done
[ -n "$out" ] || die 2 "-o <file>.ops is missing" "for example -o corpus/xhci-ring/guest-linux-keyboard.ops"
[ ${#devices[@]} -gt 0 ] || devices=(--device keyboard)

qemu=$(toolchain/get-qemu.sh) || exit 2
guest=$(toolchain/get-guest.sh) || exit 2
gauntlet=build/asan/gauntlet
build "$gauntlet"
work=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
server='' machine=''
clean_up() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

toolchain/guest/initrd.sh "$guest" toolchain/guest/record-init "$work/initrd" || exit 2
"$gauntlet" serve --socket "$work/socket" --control "$work/control" --profile "$profile" --once "${devices[@]}" \
	--record "$work/recording" >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 50); do
	[ ! -S "$work/socket" ] || break
	kill -0 $server 2>/dev/null || break
	sleep 0.1
done
[ -S "$work/socket" ] || { cat "$work/serve.log"; die 1 "the controller did not start" "its words are above"; }
bios=()
[ $firmware = 1 ] || bios=(-bios qboot.rom)
progress "booting Linux $(cat "$guest/version") on $profile"
timeout 120 "$qemu" -M q35,i8042=off -accel tcg -cpu max -m 512 -display none -no-reboot -nodefaults -serial stdio \
	-monitor none -object memory-backend-memfd,id=ram,size=512M,share=on -machine memory-backend=ram "${bios[@]}" \
	-kernel "$guest/vmlinuz" -initrd "$work/initrd" -append "console=ttyS0 panic=-1 quiet record_plan=$plan" \
	-device "{\"driver\":\"vfio-user-pci\",\"addr\":\"05.0\",\"socket\":{\"type\":\"unix\",\"path\":\"$work/socket\"}}" \
	</dev/null >"$work/console.log" 2>"$work/qemu.log" &
machine=$!
while IFS= read -r line; do
	case $line in
	"guest: please "*)
		read -ra words <<<"${line#guest: please }"
		"$gauntlet" ctl "$work/control" "${words[@]}" >>"$work/ctl.log" 2>&1 || cat "$work/ctl.log"
		;;
	esac
done < <(tail -n +1 -f --pid=$machine "$work/console.log" 2>/dev/null | sed -u 's/\r$//')
wait $machine
machine=
wait $server
server=
if ! grep -q '^guest: passed' "$work/console.log"; then
	tail -n 30 "$work/console.log" "$work/serve.log" "$work/qemu.log"
	die 1 "the guest did not get to its end" "its last words are above"
fi
[ $raw = 0 ] || cp "$work/recording" "${out%.ops}.recording" || exit 1
"$gauntlet" record "$work/recording" -o "$out"
