#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots a stock Debian kernel on our controller and lets it use every device of a class: the drivers must
# find what is there, what is written must be read, and nobody may complain. Fetches a QEMU and a kernel at
# its first run.
#
#   toolchain/vm-class.sh [--keep] [--verbose] [--plain] [--profile <profile>] <class>..
#
#   classes: hub serial network others
#
# Exit 1 if the guest found a fault, an oracle saw a rule broken, or the controller ended by itself; 2 if
# something needed is missing.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

profile=qemu-xhci build_profile=asan keep=0 verbose=0 classes=()
while [ $# -gt 0 ]; do
	case $1 in
	--profile) profile=${2:-}; shift ;;
	--plain) build_profile=plain ;;
	--keep) keep=1 ;;
	--verbose) verbose=1 ;;
	-*) die 2 "unknown option '$1'" "try toolchain/vm-class.sh --help" ;;
	*) classes+=("$1") ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-class.sh --help"
done
[ ${#classes[@]} != 0 ] || classes=(hub serial network others)

# What a class takes: devices, kernel modules beside those of every guest, programs of the guest.
devices() {
	case $1 in
	hub)
		echo hub,port=1 hub,port=1.1 hub,port=1.1.1 hub,port=1.1.1.1 hub,port=1.1.1.1.1
		echo storage,port=1.1.1.1.1.1 keyboard,port=1.1.1.1.1.2,speed=full mouse,port=1.1.1.1.1.3,speed=low
		echo hub,port=1.2,speed=full tablet,port=1.2.1,speed=full
		echo super-hub,port=2 super-hub,port=2.1 super-hub,port=2.1.1 super-hub,port=2.1.1.1 super-hub,port=2.1.1.1.1
		echo storage,port=2.1.1.1.1.1 hub,port=3,tt=single storage,port=3.4,speed=full
		;;
	serial) echo serial,port=1 serial,port=2,speed=full,pty=@work/tty ;;
	network) echo network,port=1,listen=@work/line network,port=2,connect=@work/line ;;
	others) echo ccid mtp audio hub,port=4 audio,port=4.1,speed=full ;;
	*) return 1 ;;
	esac
}
modules() {
	case $1 in
	serial) echo cdc_acm ;;
	network) echo cdc_ether rndis_host ;;
	others) echo snd_usb_audio ;;
	esac
}
# The other side of a class's lines; ends with the machine.
others() {
	# shellcheck disable=SC2094 # a terminal: what is read comes from its other side
	case $1 in
	serial) cat "$work/tty" >"$work/tty" ;;
	esac
}

qemu=$(toolchain/get-qemu.sh) || exit 2
guest=$(toolchain/get-guest.sh) || exit 2
version=$(cat "$guest/version")
gauntlet=build/$build_profile/gauntlet
build "$gauntlet"

work=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
server='' machine='' other=''
clean_up() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	[ -z "$other" ] || kill "$other" 2>/dev/null
	wait
	if [ $keep = 1 ]; then say "logs: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Whoever sits in front of the machine does what the guest asks for.
obey() {
	local line words
	while IFS= read -r line; do
		case $line in
		"guest: please "*)
			read -ra words <<<"${line#guest: please }"
			"$gauntlet" ctl "$work/control" "${words[@]//@work/$work}" >>"$work/ctl.log" 2>&1 || cat "$work/ctl.log"
			;;
		esac
	done < <(tail -n +1 -f --pid="$1" "$work/console.log" 2>/dev/null | sed -u 's/\r$//')
}

play() {
	local class=$1 began=$SECONDS list=() device status served failed=0
	for device in $(devices "$class"); do
		list+=(--device "${device//@work/$work}")
	done
	MODULES=$(modules "$class") toolchain/guest/initrd.sh "$guest" toolchain/guest/class-init "$work/initrd" || exit 2
	rm -f "$work/socket" "$work/console.log"
	: >"$work/console.log"
	"$gauntlet" serve --socket "$work/socket" --control "$work/control" --profile "$profile" --once "${list[@]}" \
		>"$work/serve.log" 2>&1 &
	server=$!
	for _ in $(seq 50); do
		[ ! -S "$work/socket" ] || break
		kill -0 $server 2>/dev/null || break
		sleep 0.1
	done
	[ -S "$work/socket" ] || { cat "$work/serve.log"; die 1 "the controller did not start" "its words are above"; }
	timeout 240 "$qemu" -M q35,i8042=off -accel tcg -cpu max -m 512 -display none -no-reboot -nodefaults -serial stdio \
		-monitor none -object "memory-backend-memfd,id=ram,size=512M,share=on" -machine memory-backend=ram \
		-bios qboot.rom -kernel "$guest/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 panic=-1 quiet guest_class=$class" \
		-device "{\"driver\":\"vfio-user-pci\",\"addr\":\"05.0\",\"socket\":{\"type\":\"unix\",\"path\":\"$work/socket\"}}" \
		</dev/null >"$work/console.log" 2>"$work/qemu.log" &
	machine=$!
	others "$class" &
	other=$!
	[ $verbose = 0 ] || tail -f --pid=$machine "$work/console.log" | tr -d '\r' &
	obey $machine
	wait $machine
	status=$?
	machine=
	kill $other 2>/dev/null
	wait $server
	served=$?
	server=
	[ $verbose = 1 ] || tr -d '\r' <"$work/console.log" | grep '^guest: '
	sed 's/^/  /' "$work/serve.log"
	sed 's/^/  qemu: /' "$work/qemu.log"
	grep -q '^guest: passed' "$work/console.log" || failed=1
	[ $status = 0 ] || { say "QEMU ended with $status"; failed=1; }
	[ $served = 0 ] || { say "gauntlet serve ended with $served"; failed=1; }
	if [ $failed = 1 ]; then
		[ $verbose = 1 ] || tail -n 70 "$work/console.log"
		die 1 "$class failed on $profile" "--keep --verbose show more"
	fi
	say "${green}ok$plain     $class, Linux $version on $profile ($build_profile), $((SECONDS - began)) s"
}

for class in "${classes[@]}"; do
	devices "$class" >/dev/null || die 2 "there is no class '$class'" "try toolchain/vm-class.sh --help"
	progress "$class"
	play "$class"
done
