# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by asan-vm: where a VM's command line comes from, and how the VM is stopped there before it
# starts here: two QEMUs on one disk destroy it.
#
# shellcheck disable=SC2034,SC2154 # command_* are command.sh's, the rest asan-vm's

# stop_first NAME COMMAND..: asks unless --stop.
stop_first() {
	local name=$1 answer=
	shift
	[ "$dry_run" = 0 ] || return 0
	if [ "$stop" = 0 ]; then
		[ -t 0 ] || die 2 "$name is running" "--stop stops it first"
		read -r -p "$name is running. Stop it? [y/N] " answer
		[[ $answer == [yY]* ]] || die 2 "$name is left running" "nothing was started"
	fi
	say "stopping $name"
	"$@" || die 2 "$name could not be stopped" "stop it by hand, then try again"
}

source_given() {
	local pid file
	[ ${#given[@]} -gt 0 ] || die 2 "which VM?" "asan-vm -- qemu-system-x86_64 ..., --qm, --libvirt or --demo; see --help"
	command_words=("${given[@]}")
	file=$(cd "$caller" && command_each pidfile | tail -n 1 | xargs -r realpath -m --)
	if [ -n "$file" ] && pid=$(cat "$file" 2>/dev/null) && [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == *qemu* ]]; then
		stop_first "process $pid of $file" stop_process "$pid"
	fi
}
stop_process() {
	kill "$1" || return
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

source_qm() {
	local text
	[[ $vm =~ ^[0-9]+$ ]] || die 2 "--qm '$vm' is no VM's number" "'qm list' shows them"
	command -v qm >/dev/null || die 2 "there is no qm here" "this takes a Proxmox host; elsewhere: asan-vm -- <command line>"
	text=$(qm showcmd "$vm") || die 2 "'qm showcmd $vm' failed" "'qm list' shows which VMs there are"
	command_from_text "$text" || die 2 "'qm showcmd $vm' printed nothing" "'qm config $vm' tells more"
	[[ $(qm status "$vm" 2>/dev/null) != *running* ]] || stop_first "VM $vm" qm stop "$vm"
}

source_libvirt() {
	local text state
	[ -n "$vm" ] || die 2 "--libvirt lacks the domain's name" "'virsh list --all' shows them"
	command -v virsh >/dev/null || die 2 "there is no virsh here" "apt-get install libvirt-clients"
	text=$(virsh domxml-to-native qemu-argv --domain "$vm") ||
		die 2 "virsh cannot give the command line of '$vm'" "'virsh list --all' shows the domains; LIBVIRT_DEFAULT_URI says of whom"
	command_from_text "$text" || die 2 "virsh printed no command line" "'virsh dumpxml $vm' tells more"
	state=$(LC_ALL=C virsh domstate "$vm" 2>/dev/null | head -n 1)
	case $state in
	running | paused | "in shutdown") stop_first "$vm" virsh destroy "$vm" ;;
	esac
}

# Everything by itself: Debian's kernel, busybox, our controller; or, with --xhci, an instrumented QEMU's.
source_demo() {
	local qemu guest port=$((redir + 1))
	guest=$(toolchain/get-guest.sh) || exit 2
	toolchain/guest/initrd.sh "$guest" toolchain/guest/demo-init "$run_folder/initrd" || exit 2
	truncate -s 64M "$run_folder/disk.img" || die 2 "cannot make a disk in $run_folder" "is TMPDIR full?"
	[ "$seconds" != 0 ] || seconds=900 # of a guest that hangs
	xhci=${xhci:-builtin}
	if [ -n "$program" ]; then
		qemu=$program
		[[ $qemu != */* ]] || qemu=$(path_of "$qemu")
	elif [ "$xhci" = builtin ]; then
		qemu=$(toolchain/get-qemu.sh) || exit 2
	else
		qemu=$(toolchain/build-qemu.sh) || exit 2
	fi
	command_words=("$qemu" -M "q35,i8042=off" -accel tcg -cpu max -m 512 -display none -no-reboot -nodefaults -monitor none
		-serial "file:$log_folder/console" -bios qboot.rom -kernel "$guest/vmlinuz" -initrd "$run_folder/initrd"
		-append "console=ttyS0 panic=-1 quiet no_timer_check")
	if [ "$xhci" != builtin ]; then
		[ "$redir" -le 12 ] || die 2 "--demo --redir $redir: three of the 15 ports are taken" "at most --redir 12"
		command_words+=(-device "$xhci,id=xhci,p2=15,p3=15" -drive "if=none,id=disk,format=raw,file=$run_folder/disk.img"
			-device "usb-storage,drive=disk,bus=xhci.0,port=$((port + 2))" -device "usb-kbd,bus=xhci.0,port=$port"
			-device "usb-tablet,bus=xhci.0,port=$((port + 1))")
	elif [ ${#builtin_devices[@]} = 0 ]; then
		builtin_devices=(keyboard tablet "storage,file=$run_folder/disk.img")
	fi
}
