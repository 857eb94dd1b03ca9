#!/bin/bash
# SPDX-License-Identifier: MIT
#
# One boot of a stock Debian kernel on our controller. It plays parts (toolchain/guest/parts/): devices are
# enumerated at every speed, keys are seen, file systems made, written, checked and compared, things
# plugged and unplugged, drivers bound again, the system suspended. Meanwhile the oracles watch the
# controller, and the kernel may say nothing that toolchain/guest/dmesg-allow does not explain.
#
#   toolchain/vm-boot.sh [--suite <suite>] [--profile <profile>] [--parts <part,..>] ...
#
#   --suite    whose kernel: bookworm (6.1, default), bookworm-backports (6.12), trixie-backports (7 and newer)
#   --profile  qemu-xhci (default), nec-usb-xhci or conformant
#   --parts    enumerate,input,disk,plug,yank,rebind,suspend,deep,idle,reset,usbtest,uas,cdrom; enumerate comes first
#   --set      <name>=<value>, may be repeated: disk_mb=8, rebind_rounds=2, plug_rounds=2, suspend_rounds=1
#   --plain    our controller without ASan and UBSan
#   --via-libusb  the disk is behind a usbfs of ours and the real libusb
#   --no-memfd the guest's memory is reached by messages only
#   --firmware SeaBIOS looks at the controller first, and sees to suspending to memory
#   --plant    the kernel is made to warn, which must fail
#   --keep     leave the logs where they are, and say where
#   --verbose  show the guest's console
#
# Exit 1 if the guest found a fault, the kernel complained, an oracle saw a rule broken, or the controller
# ended by itself; 2 if something needed is missing. Fetches a QEMU and a kernel at its first run.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=guest/machine.sh
. toolchain/guest/machine.sh

suite=bookworm profile=qemu-xhci build_profile=asan keep=0 verbose=0 memfd=1 firmware=0 plant=0 via=
parts=enumerate,input,disk,plug,yank settings=()
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=${2:-}; shift ;;
	--profile) profile=${2:-}; shift ;;
	--parts) parts=${2:-}; shift ;;
	--set) settings+=("${2:-}"); shift ;;
	--plain) build_profile=plain ;;
	--via-libusb) via=,via=libusb ;;
	--no-memfd) memfd=0 ;;
	--firmware) firmware=1 ;;
	--plant) plant=1 ;;
	--keep) keep=1 ;;
	--verbose) verbose=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/vm-boot.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-boot.sh --help"
done
# A guest that hangs is ended, one on a busy host is not: its parts have limits of their own.
seconds=1200
for setting in "${settings[@]}"; do
	[[ $setting =~ ^[a-z_]+=[0-9]{1,4}$ ]] || die 2 "--set '$setting' is not <name>=<number>" "for example --set disk_mb=64"
	[ "${setting%%=*}" != rebind_rounds ] || seconds=$((seconds + 12 * ${setting#*=}))
done
for part in ${parts//,/ }; do
	[ -f "toolchain/guest/parts/$part" ] || die 2 "there is no part '$part'" "parts: $(cd toolchain/guest/parts && echo *)"
done
[ $plant = 0 ] || settings+=(plant=1)
case $profile in
conformant | full) settings+=(pme=1) ;; # they can ask to be woken up
esac
disk_mb=8 ram=512
for setting in "${settings[@]}"; do
	[ "${setting%%=*}" != disk_mb ] || disk_mb=${setting#*=}
done
[ "$disk_mb" -le 128 ] || ram=1024 # the data is in the guest's memory, too

qemu=$(toolchain/get-qemu.sh) || exit 2
guest=$(toolchain/get-guest.sh --suite "$suite") || exit 2
vm_open $build_profile
programs=()
[[ ,$parts, != *,usbtest,* ]] || programs=("$work/usbtest")
[ ${#programs[@]} = 0 ] || gcc -O1 -static -Wall -Wextra -o "$work/usbtest" toolchain/guest/usbtest.c ||
	die 2 "usbtest does not build" "gcc's message is above"
toolchain/guest/initrd.sh "$guest" toolchain/guest/vm-init "$work/initrd" toolchain/guest/parts "${programs[@]}" || exit 2
version=$(cat "$guest/version")
truncate -s $((disk_mb * 2 + 24))M "$work/disk.img"

# Two files of random bytes and their sums, 8 MB.
make_cd() {
	mkdir "$work/cd" && (
		cd "$work/cd" && head -c 7000000 /dev/urandom >large && head -c 1000 /dev/urandom >small &&
			sha256sum large small >sums
	) && genisoimage -quiet -R -V GAUNTLET -o "$work/cd.iso" "$work/cd"
}
[[ ,$parts, != *,cdrom,* ]] || make_cd || die 2 "cannot make a CD" "is genisoimage installed? toolchain/setup.sh sees to it"

vm_serve "$profile" --device keyboard --device tablet --device "storage,file=$work/disk.img$via"
memory=()
[ $memfd = 0 ] || memory=(-object "memory-backend-memfd,id=ram,size=${ram}M,share=on" -machine memory-backend=ram)
bios=()
[ $firmware = 1 ] || bios=(-bios qboot.rom)
# Behind a root port, so that the function can be reset by its bus.
vm_run $seconds "$qemu" -M q35,i8042=off -accel tcg -cpu max -m $ram "${memory[@]}" "${bios[@]}" \
	-kernel "$guest/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 quiet tsc=reliable log_buf_len=4M suspend.pm_test_delay=1 no_console_suspend parts=$parts ${settings[*]}" \
	-device pcie-root-port,id=root0,chassis=1,addr=05.0 -device "$(vm_device '"bus":"root0"')"

vm_play
fault=()
# It has scratchpads, and keeps there what a suspend takes from it (xHCI 4.23.2).
[ "$profile" != conformant ] || ! grep -q ' Reinit' "$work/console.log" || fault=("a suspend cost the controller its state")
vm_verdict "Linux $version on $profile ($build_profile)" "${fault[@]}"
