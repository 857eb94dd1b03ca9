#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Firmware's own drivers on our controller: each starts from a disk of ours or reads and writes it, and
# takes keys from our keyboard.
#
#   toolchain/vm-firmware.sh seabios|ovmf|u-boot [--profile <profile>] [--speed <speed>] [--keep] [--verbose]
#
#   seabios   boots a sector of ours, which reads, writes and takes keys by the BIOS
#   ovmf      EDK2: its shell is used by our keyboard and starts Debian's kernel and initramfs from our disk
#   u-boot    for arm64: reads and writes the disk, takes a command from our keyboard
#
#   --profile qemu-xhci (default), nec-usb-xhci or conformant
#   --speed   of the disk: full, high or super (default)
#   --keep    leave the logs where they are, and say where
#   --verbose show the console
#
# The oracles watch, ASan and UBSan are on. Exit 1 if something was wrong; 2 if something needed is missing.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=guest/machine.sh
. toolchain/guest/machine.sh

firmware=${1:-} profile=qemu-xhci speed=super keep=0 verbose=0
case $firmware in
seabios | ovmf | u-boot) shift ;;
*) die 2 "which firmware?" "seabios, ovmf or u-boot; try toolchain/vm-firmware.sh --help" ;;
esac
while [ $# -gt 0 ]; do
	case $1 in
	--profile) profile=${2:-}; shift ;;
	--speed) speed=${2:-}; shift ;;
	--keep) keep=1 ;;
	--verbose) verbose=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/vm-firmware.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-firmware.sh --help"
done

files=$(toolchain/get-firmware.sh) || exit 2
arch=x86_64
[ "$firmware" != u-boot ] || arch=aarch64
qemu=$(toolchain/get-qemu.sh --arch $arch) || exit 2
guest=$(toolchain/get-guest.sh) || exit 2
vm_open asan
disk=$work/disk.img
memory=(-m 512 -object "memory-backend-memfd,id=ram,size=512M,share=on" -machine memory-backend=ram)

wrong() {
	say "${red}$firmware: $1$plain"
	tr -d '\r' <"$work/console.log" | tail -n 25
	sed 's/^/  /' "$work/serve.log" "$work/qemu.log"
	die 1 "$firmware on $profile: $1" "--keep and --verbose show more"
}
# Four times what it takes: a busy host makes firmware slow, and only what goes wrong takes that long.
hear() { vm_hear $(($1 * 4)) "$2" || wrong "it did not say '$2'"; }
serve() {
	vm_serve "$profile" --device keyboard,port=1 --device "storage,port=3,speed=$speed,file=$disk"
}
start() {
	# shellcheck disable=SC2119 # the device has no settings, these are QEMU's
	vm_run 1200 "$qemu" "${memory[@]}" -device "$(vm_device)" "$@"
	[ $verbose = 0 ] || { vm_console & }
}
crc32_of() { gzip -c | tail -c 8 | od -An -N 4 -t x4 | tr -d ' '; }
part_of_disk() { dd if="$disk" bs=1M skip="$1" count="$2" status=none; }

seabios() {
	local sum
	as --32 -o "$work/boot.o" toolchain/guest/boot-sector.S || die 2 "the boot sector does not build" "are binutils installed?"
	ld -m elf_i386 -Ttext 0x7c00 --oformat binary -e _start -o "$work/boot" "$work/boot.o" ||
		die 2 "the boot sector does not build" "are binutils installed?"
	head -c 16M /dev/urandom >"$disk"
	dd if="$work/boot" of="$disk" conv=notrunc status=none
	sum=$(dd if="$disk" bs=512 skip=64 count=4096 status=none | od -An -v -t u4 -w4 |
		awk '{ s = (s + $1) % 4294967296; s = (s * 2) % 4294967296 + (s >= 2147483648) } END { printf "%08x", s }')
	serve
	start -M q35,i8042=off -accel tcg
	hear 60 'boot: started'
	hear 60 "boot: sum $sum"
	hear 20 'boot: written'
	vm_ctl send-key x
	hear 20 'boot: key x'
	vm_ctl send-key shift-y
	hear 20 'boot: key Y'
	vm_ctl send-key q
	hear 20 'boot: done'
	vm_end
	dd if="$disk" bs=512 skip=$((64 + 63 * 64)) count=64 status=none >"$work/last"
	dd if="$disk" bs=512 skip=16384 count=64 status=none | cmp -s - "$work/last" || wrong 'what it wrote is not on the disk'
	told='2 MB read, 32 KB written, 3 keys'
}

ovmf() {
	toolchain/guest/initrd.sh "$guest" toolchain/guest/vm-init "$work/initrd" toolchain/guest/parts || exit 2
	truncate -s 64M "$disk"
	"$files/mformat" -i "$disk" -F :: || die 1 "no FAT could be made" "is there room in $work?"
	printf '%s\r\n' 'vmlinuz.efi initrd=\initrd console=ttyS0 panic=-1 quiet tsc=reliable parts=enumerate,input' >"$work/linux.nsh"
	cp "$guest/vmlinuz" "$work/vmlinuz.efi"
	"$files/mcopy" -i "$disk" "$work/vmlinuz.efi" "$work/initrd" "$work/linux.nsh" :: ||
		die 1 "the FAT could not be filled" "its message is above"
	cp "$files/ovmf-vars.fd" "$work/vars.fd"
	serve
	vm_ctl device_add tablet,port=2
	start -M q35,i8042=off -accel tcg -cpu max -drive "if=pflash,format=raw,readonly=on,file=$files/ovmf-code.fd" \
		-drive "if=pflash,format=raw,file=$work/vars.fd"
	hear 150 'Press .*ESC.* in . seconds|Shell>'
	vm_ctl send-key esc
	hear 60 'Shell>'
	vm_ctl info xhci
	vm_type 'fs0:'
	hear 20 'FS0:.>'
	vm_type 'linux.nsh'
	while IFS= read -r line; do
		vm_please "$line"
	done < <(vm_console)
	vm_end
	grep -q '^guest: done' "$work/console.log" || wrong 'the kernel that it started did not come to its end'
	told="kernel and initramfs ($(du -cm "$work/vmlinuz.efi" "$work/initrd" | awk 'END { print $1 }') MB) started from the disk, 14 keys"
}

uboot() {
	local crc
	head -c 32M /dev/urandom >"$disk"
	serve
	start -M virt -cpu cortex-a57 -accel tcg -bios "$files/u-boot-arm64.bin"
	hear 60 'Hit any key'
	vm_say ''
	hear 20 '^=> *$'
	vm_say 'usb reset'
	hear 60 '2 Storage Device|1 Storage Device|storage devices... 1|[0-9] USB Device.s. found[^=]*=> '
	vm_say 'usb dev 0'
	hear 20 'is now current device'
	# 16 MB of the disk, in one command of the shell.
	vm_say 'usb read 0x42000000 0 0x8000'
	hear 60 '32768 blocks read: OK'
	crc=$(part_of_disk 0 16 | crc32_of)
	vm_say 'crc32 0x42000000 0x1000000'
	hear 30 "==> $crc"
	# And elsewhere, from the middle.
	vm_say 'usb write 0x42100000 0x8000 0x2000'
	hear 60 '8192 blocks written?: OK'
	cmp -s <(part_of_disk 1 4) <(part_of_disk 16 4) || wrong 'what it wrote is not on the disk'
	vm_type 'echo typed'
	hear 20 '^typed'
	vm_say 'usb stop'
	hear 20 'stopping USB'
	vm_say 'poweroff'
	vm_end
	told='16 MB read, 4 MB written, 11 keys'
}

${firmware/-/}
# shellcheck disable=SC2154 # vm_end's
[ "$qemu_status" = 0 ] || wrong "QEMU ended with $qemu_status"
# shellcheck disable=SC2154
[ "$serve_status" = 0 ] || wrong "gauntlet serve ended with $serve_status"
say "${green}ok$plain     $firmware on $profile, disk at $speed speed: $told; $(grep -c '^VIOLATED' "$work/serve.log") violations, $SECONDS s"
