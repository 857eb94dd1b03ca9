#!/bin/bash
# SPDX-License-Identifier: MIT
#
# One boot of a stock Debian kernel on our controller: keyboard, tablet and disk are enumerated, a file
# system is made, written, read back and compared, keys are seen, devices are unplugged and plugged, the
# driver is unbound and bound, and in all that the drivers must have nothing to complain of.
#
#   toolchain/vm-smoke.sh [--profile <profile>] [--mb <n>] [--keep] [--verbose] ...
#
#   --profile  qemu-xhci (default), nec-usb-xhci or conformant
#   --mb       megabytes written and read (8)
#   --rounds   how often the driver is unbound and bound (2)
#   --asan     our controller with ASan and UBSan (default), --plain without
#   --no-memfd the guest's memory is reached by messages only
#   --firmware let SeaBIOS look at the controller first
#   --keep     leave the logs where they are, and say where
#   --verbose  show the guest's console
#
# Exit 1 if the guest found a fault, an oracle saw a rule broken, or the controller ended by itself; 2 if
# something needed is missing. Fetches a QEMU and a kernel at its first run.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

profile=qemu-xhci mb=8 build_profile=asan keep=0 verbose=0 memfd=1 firmware=0 rounds=2
while [ $# -gt 0 ]; do
	case $1 in
	--profile) profile=${2:-}; shift ;;
	--mb) mb=${2:-}; shift ;;
	--rounds) rounds=${2:-}; shift ;;
	--asan) build_profile=asan ;;
	--plain) build_profile=plain ;;
	--no-memfd) memfd=0 ;;
	--firmware) firmware=1 ;;
	--keep) keep=1 ;;
	--verbose) verbose=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/vm-smoke.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-smoke.sh --help"
done
[[ $mb =~ ^[1-9][0-9]{0,2}$ ]] || die 2 "--mb '$mb' is not a number from 1 to 999" "for example --mb 64"
[[ $rounds =~ ^[0-9]{1,3}$ ]] || die 2 "--rounds '$rounds' is not a number up to 999" "for example --rounds 50"

qemu=$(toolchain/get-qemu.sh) || exit 2
guest=$(toolchain/get-guest.sh) || exit 2
gauntlet=build/$build_profile/gauntlet
build "$gauntlet"

work=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
server='' machine=''
clean_up() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	if [ $keep = 1 ]; then say "logs: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- the guest's files ------------------------------------------------------------------------

toolchain/guest/initrd.sh "$guest" toolchain/guest/smoke-init "$work/initrd" || exit 2
version=$(cat "$guest/version")
truncate -s $((mb * 2 + 16))M "$work/disk.img"

# ---- run --------------------------------------------------------------------------------------

"$gauntlet" serve --socket "$work/socket" --control "$work/control" --profile "$profile" --once --device keyboard --device tablet \
	--device "storage,file=$work/disk.img" >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 50); do
	[ ! -S "$work/socket" ] || break
	kill -0 $server 2>/dev/null || break
	sleep 0.1
done
[ -S "$work/socket" ] || { cat "$work/serve.log"; die 1 "the controller did not start" "its words are above"; }

memory=()
[ $memfd = 0 ] || memory=(-object "memory-backend-memfd,id=ram,size=512M,share=on" -machine memory-backend=ram)
bios=()
[ $firmware = 1 ] || bios=(-bios qboot.rom)
timeout $((120 + 5 * rounds)) "$qemu" -M q35,i8042=off -accel tcg -cpu max -m 512 -display none -no-reboot -nodefaults -serial stdio \
	-monitor none "${memory[@]}" "${bios[@]}" -kernel "$guest/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 quiet smoke_mb=$mb smoke_rounds=$rounds" \
	-device "{\"driver\":\"vfio-user-pci\",\"addr\":\"05.0\",\"socket\":{\"type\":\"unix\",\"path\":\"$work/socket\"}}" \
	</dev/null >"$work/console.log" 2>"$work/qemu.log" &
machine=$!
if [ $verbose = 1 ]; then
	tail -f --pid=$machine "$work/console.log" | tr -d '\r' &
fi
# Whoever sits in front of the machine does what the guest asks for.
while IFS= read -r line; do
	case $line in
	"guest: please "*)
		read -ra words <<<"${line#guest: please }"
		"$gauntlet" ctl "$work/control" "${words[@]//@disk/$work/disk.img}" >>"$work/ctl.log" 2>&1 || cat "$work/ctl.log"
		;;
	esac
done < <(tail -n +1 -f --pid=$machine "$work/console.log" 2>/dev/null | sed -u 's/\r$//')
wait $machine
status=$?
machine=
wait $server
served=$?
server=

[ $verbose = 1 ] || tr -d '\r' <"$work/console.log" | grep '^guest: '
sed 's/^/  /' "$work/serve.log"
sed 's/^/  qemu: /' "$work/qemu.log"
failed=0
grep -q '^guest: passed' "$work/console.log" || failed=1
[ $status = 0 ] || { say "QEMU ended with $status"; failed=1; }
[ $served = 0 ] || { say "gauntlet serve ended with $served"; failed=1; }
if [ $failed = 1 ]; then
	[ $verbose = 1 ] || tail -n 70 "$work/console.log"
	die 1 "failed on $profile" "--keep --verbose show more"
fi
say "${green}ok$plain     Linux $version on $profile ($build_profile), $mb MB written and read, $SECONDS s"
