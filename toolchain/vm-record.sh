#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots a stock guest on our controller and records what its drivers do, as programs for corpus/xhci-ring/.
#
#   toolchain/vm-record.sh [--suite <suite>] [--profile <profile>] [--plan <word,..>] ... -o <file>.ops
#
#   --suite    whose kernel: bookworm (default), bookworm-backports, trixie-backports
#   --profile  qemu-xhci (default), nec-usb-xhci or conformant
#   --plan     what the guest does after it has enumerated: storage,hid,unplug,unbind (default: nothing)
#   --device   plugged in, as for gauntlet serve; may be repeated (default: keyboard)
#   --firmware SeaBIOS looks at the controller before the kernel does
#   --bios     <file> or <name> of a firmware of QEMU's: it alone, no kernel
#   --seconds  how long the firmware gets (30)
#   --keep     leave the recording and the logs where they are, and say where
#
# A disk is memory with our own pattern, because that is what a program finds when it is played.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=guest/machine.sh
. toolchain/guest/machine.sh

suite=bookworm profile=qemu-xhci plan='' out='' firmware=0 bios='' seconds=30 keep=0 devices=()
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=${2:-}; shift ;;
	--profile) profile=${2:-}; shift ;;
	--plan) plan=${2:-}; shift ;;
	--device) devices+=(--device "${2:-}"); shift ;;
	--firmware) firmware=1 ;;
	--bios) bios=${2:-}; shift ;;
	--seconds) seconds=${2:-}; shift ;;
	--keep) keep=1 ;;
	-o) out=${2:-}; shift ;;
	*) die 2 "unknown option '$1'" "try toolchain/vm-record.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-record.sh --help"
done
[ -n "$out" ] || die 2 "-o <file>.ops is missing" "for example -o corpus/xhci-ring/guest-linux-keyboard.ops"
[[ $seconds =~ ^[1-9][0-9]{0,2}$ ]] || die 2 "--seconds '$seconds' is not a number from 1 to 999" "for example --seconds 60"
[ ${#devices[@]} -gt 0 ] || devices=(--device keyboard)

qemu=$(toolchain/get-qemu.sh) || exit 2
vm_open asan
machine_options=(-M "q35,i8042=off" -accel tcg -cpu max -m 512 -object "memory-backend-memfd,id=ram,size=512M,share=on"
	-machine memory-backend=ram)
if [ -n "$bios" ]; then
	limit=$seconds
	machine_options+=(-bios "$bios")
else
	limit=120
	guest=$(toolchain/get-guest.sh --suite "$suite") || exit 2
	toolchain/guest/initrd.sh "$guest" toolchain/guest/record-init "$work/initrd" || exit 2
	[ $firmware = 1 ] || machine_options+=(-bios qboot.rom)
	machine_options+=(-kernel "$guest/vmlinuz" -initrd "$work/initrd"
		-append "console=ttyS0 panic=-1 quiet tsc=reliable record_plan=$plan")
fi
vm_serve "$profile" "${devices[@]}" --record "$work/recording"
vm_run "$limit" "$qemu" "${machine_options[@]}" -device "$(vm_device '"addr":"05.0"')"
progress "recording ${bios:-Linux of $suite} on $profile"
while IFS= read -r line; do
	case $line in
	"guest: please "*)
		read -ra words <<<"${line#guest: please }"
		vm_ctl "${words[@]}" || tail -n 1 "$work/ctl.log"
		;;
	esac
done < <(vm_console)
vm_end
if [ -z "$bios" ] && ! grep -q '^guest: passed' "$work/console.log"; then
	tail -n 30 "$work/console.log" "$work/serve.log" "$work/qemu.log"
	die 1 "the guest did not get to its end" "its last words are above"
fi
"$gauntlet" record "$work/recording" -o "$out"
