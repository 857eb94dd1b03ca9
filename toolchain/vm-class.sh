#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Boots a stock Debian kernel on our controller and lets it, and the programs people use, work with every
# device of a class (toolchain/guest/parts/<class>). Meanwhile the oracles watch, and the kernel may say
# nothing that toolchain/guest/dmesg-allow does not explain.
#
#   toolchain/vm-class.sh [--keep] [--verbose] [--plain] [--plant] [--suite <suite>] [--profile <profile>] <class>
#
#   classes    hub, serial, network, audio, ccid, mtp; and roads: disks through the real libusb and over usbredir
#   --suite    whose kernel, as vm-boot.sh has it
#   --profile  qemu-xhci (default), nec-usb-xhci or conformant
#   --plain    our controller without ASan and UBSan
#   --plant    change a byte of a disk before what the guest has read is compared: roads must fail
#   --keep     leave the logs where they are, and say where
#   --verbose  show the guest's console
#
# Exit 1 if the guest found a fault, the kernel complained, an oracle saw a rule broken, or the controller
# ended by itself; 2 if something needed is missing. Fetches what it needs at its first run.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=guest/machine.sh
. toolchain/guest/machine.sh

suite=bookworm profile=qemu-xhci build_profile=asan keep=0 verbose=0 plant=0 class='' peer=''
while [ $# -gt 0 ]; do
	case $1 in
	--suite) suite=${2:-}; shift ;;
	--profile) profile=${2:-}; shift ;;
	--plain) build_profile=plain ;;
	--plant) plant=1 ;;
	--keep) keep=1 ;;
	--verbose) verbose=1 ;;
	-*) die 2 "unknown option '$1'" "try toolchain/vm-class.sh --help" ;;
	*) class=$1 ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-class.sh --help"
done

# What a class takes: devices, kernel modules beside those of every guest, a tree of get-programs.sh.
devices=() modules='' programs=''
# shellcheck disable=SC2054 # the commas belong to the devices
case $class in
hub)
	devices=(hub,port=1 hub,port=1.1 hub,port=1.1.1 hub,port=1.1.1.1 hub,port=1.1.1.1.1
		storage,port=1.1.1.1.1.1,file=@work/1.img keyboard,port=1.1.1.1.1.2,speed=full mouse,port=1.1.1.1.1.3,speed=low
		hub,port=1.2,speed=full tablet,port=1.2.1,speed=full
		super-hub,port=2 super-hub,port=2.1 super-hub,port=2.1.1 super-hub,port=2.1.1.1 super-hub,port=2.1.1.1.1
		storage,port=2.1.1.1.1.1,file=@work/2.img
		hub,port=3,tt=single storage,port=3.4,speed=full,file=@work/3.img)
	;;
serial)
	devices=(serial,port=1 serial,port=2,speed=full,pty=@work/tty)
	modules=cdc_acm
	;;
network)
	devices=(network,port=1,listen=@work/line network,port=2,connect=@work/line)
	modules='cdc_ether rndis_host'
	;;
audio)
	devices=(audio,port=1,speed=high,wav=@work/high.wav,mic=@work/sound.wav
		hub,port=2 audio,port=2.1,speed=full,wav=@work/full.wav,mic=@work/sound.wav)
	modules=snd_usb_audio programs=audio
	;;
ccid)
	devices=(ccid,port=1,speed=high)
	programs=ccid
	;;
mtp)
	devices=(mtp,port=1,speed=high,folder=@work/folder)
	programs=mtp
	;;
roads)
	devices=(storage,port=1,file=@work/libusb.img,via=libusb redir,port=2,listen=@work/redir)
	;;
*) die 2 "there is no class '$class'" "try toolchain/vm-class.sh --help" ;;
esac

# What is on the other side of the class's lines before the guest starts; it ends with the machine.
others() {
	# shellcheck disable=SC2094 # a terminal: what is read comes from its other side
	case $class in
	serial) leashed cat "$work/tty" >"$work/tty" 2>/dev/null & ;;
	roads)
		leashed "$gauntlet" redir-peer --connect "$work/redir" "storage,file=$work/redir.img" >"$work/peer.log" 2>&1 &
		peer=$!
		;;
	esac
}
# Three seconds of numbers, see parts/audio.
make_sound() {
	perl -e 'my $n = 3 * 48000;
		print "RIFF", pack("V", 36 + 4 * $n), "WAVEfmt ", pack("VvvVVvv", 16, 1, 2, 48000, 192000, 4, 16);
		print "data", pack("V", 4 * $n), pack("V*", map { 0x40000000 + $_ } 0 .. $n - 1)'
}
prepare() {
	case $class in
	hub) truncate -s 32M "$work"/{1,2,3}.img ;;
	roads) truncate -s 24M "$work"/{libusb,redir}.img ;;
	audio)
		make_sound >"$work/sound.wav" && cp "$work/sound.wav" "$work/tree/"
		;;
	mtp)
		mkdir "$work/folder" && (
			# large ones, and such whose container ends with a packet that is just full: 512 with its head
			cd "$work/folder" && head -c 3000000 /dev/urandom >large && head -c 500 /dev/urandom >packet && : >empty &&
				sha256sum large packet empty >"$work/tree/sums" && touch gone-high gone-full
		)
		;;
	esac
}
# played FILE: what a card played is the sound, each frame in its turn, and silence around it. Of the end the
# driver may keep a few milliseconds: when it is told that all was played it does not submit what it has in hand.
played() {
	od -An -v -t u4 -w4 -j 44 "$1" | awk -v name="${1##*/}" -v all=$((3 * 48000)) '
		$1 == 0 { next }
		$1 != 1073741824 + n { printf "%s: frame %d is %d\n", name, n, $1 - 1073741824; bad = 1; exit }
		{ n++ }
		END { if (!bad && (n > all || n < all - 480)) printf "%s: %d of %d frames\n", name, n, all }'
}
# The folder has what was there, what was sent, and no longer what was deleted.
same_folder() {
	local file
	[ "$(cd "$work/folder" && echo *)" = "empty empty-full empty-high large large-full large-high packet packet-full packet-high" ] ||
		echo "the folder has $(cd "$work/folder" && echo *)"
	for file in large packet empty; do
		cmp "$work/folder/$file" "$work/folder/$file-high" 2>&1
		cmp "$work/folder/$file" "$work/folder/$file-full" 2>&1
	done
}
# What the guest has read of each disk is what is in its file; and the other side of usbredir has come to its end.
same_disks() {
	local road sum
	[ $plant = 0 ] || printf 'planted' | dd of="$work/redir.img" bs=1 seek=5000000 conv=notrunc status=none
	for road in libusb redir; do
		sum=$(sha256sum <"$work/$road.img")
		tr -d '\r' <"$work/console.log" | grep -qx "guest: note roads $road ${sum%% *}" || echo "$road.img is not what the guest read"
	done
	[ "$peer_status" = 0 ] || echo "redir-peer ended with $peer_status: $(tail -n 1 "$work/peer.log")"
}
# A fault for each line.
faults() {
	case $class in
	audio)
		played "$work/high.wav"
		played "$work/full.wav"
		;;
	mtp) same_folder ;;
	roads) same_disks ;;
	esac
}

qemu=$(toolchain/get-qemu.sh) || exit 2
guest=$(toolchain/get-guest.sh --suite "$suite") || exit 2
[ -z "$programs" ] || trees=$(toolchain/get-programs.sh) || exit 2
version=$(cat "$guest/version")
vm_open $build_profile
mkdir "$work/tree"
[ -z "$programs" ] || cp -a "$trees/$programs/." "$work/tree/"
prepare || die 2 "cannot make the files" "is there room in $work?"
MODULES=$modules TREE=$work/tree toolchain/guest/initrd.sh "$guest" toolchain/guest/vm-init "$work/initrd" toolchain/guest/parts || exit 2
list=()
for device in "${devices[@]}"; do
	list+=(--device "${device//@work/$work}")
done
vm_serve "$profile" "${list[@]}"
others
vm_run 1200 "$qemu" -M q35,i8042=off -accel tcg -cpu max -m 512 \
	-object "memory-backend-memfd,id=ram,size=512M,share=on" -machine memory-backend=ram \
	-bios qboot.rom -kernel "$guest/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 quiet tsc=reliable log_buf_len=4M parts=$class" \
	-device "$(vm_device '"addr":"05.0"')"
vm_play
peer_status=0
[ -z "$peer" ] || wait "$peer" || peer_status=$?
readarray -t wrong < <(faults)
vm_verdict "$class, Linux $version on $profile ($build_profile)" "${wrong[@]}"
