#!/bin/bash
# SPDX-License-Identifier: MIT
#
# How fast disks on our controller are beside those on QEMU's own, in the same guest and the same run:
# sequential reading and writing over the bulk-only transport (usb-storage) and over UAS. Each is done
# several times, in turn; what is said are the medians, and their ratio (above 1: ours is faster). QEMU
# has no oracles and lets no interrupt wait for IMOD, so ours are off here and neither do ours.
#
#   toolchain/vm-bench.sh [--mb <n>] [--runs <n>] [--asan] [--profile <profile>]
#
#   --mb    megabytes per run (256); make vm-bench: MB=<n>
#   --runs  how many runs of each (7); make vm-bench: RUNS=<n>
#   --asan  our controller with ASan and UBSan; without them by default
#
# Server and QEMU want a processor each: on a busy machine the server, woken late, loses more.
# Says figures, judges nothing: exit 1 only if the guest did not come to its end.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

mb=${MB:-256} runs=${RUNS:-7} build_profile=plain profile=qemu-xhci
unset MB RUNS
while [ $# -gt 0 ]; do
	case $1 in
	--mb) mb=${2:-}; shift ;;
	--runs) runs=${2:-}; shift ;;
	--profile) profile=${2:-}; shift ;;
	--asan) build_profile=asan ;;
	*) die 2 "unknown option '$1'" "try toolchain/vm-bench.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/vm-bench.sh --help"
done
[[ $mb =~ ^[1-9][0-9]{0,3}$ ]] || die 2 "--mb '$mb' is not a number from 1 to 9999" "for example --mb 64"
[[ $runs =~ ^[1-9][0-9]?$ ]] || die 2 "--runs '$runs' is not a number from 1 to 99" "for example --runs 5"
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
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
toolchain/guest/initrd.sh "$guest" toolchain/guest/bench-init "$work/initrd" || exit 2
for image in ours qemu ours-uas qemu-uas; do
	truncate -s $((mb + 16))M "$work/$image.img"
done
"$gauntlet" serve --blind --unmoderated --socket "$work/socket" --profile "$profile" --once \
	--device "storage,file=$work/ours.img" --device "uas,file=$work/ours-uas.img" >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 50); do
	[ ! -S "$work/socket" ] || break
	sleep 0.1
done
timeout $((120 + mb * runs)) "$qemu" -M q35,i8042=off -accel tcg -m 512 -display none -no-reboot -nodefaults -serial stdio \
	-monitor none -object "memory-backend-memfd,id=ram,size=512M,share=on" -machine memory-backend=ram \
	-bios qboot.rom -kernel "$guest/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 quiet bench_mb=$mb bench_runs=$runs" \
	-device "{\"driver\":\"vfio-user-pci\",\"addr\":\"05.0\",\"socket\":{\"type\":\"unix\",\"path\":\"$work/socket\"}}" \
	-device qemu-xhci,id=theirs,addr=06.0 -drive "if=none,id=disk,format=raw,file=$work/qemu.img" \
	-device usb-storage,bus=theirs.0,drive=disk \
	-drive "if=none,id=uas-disk,format=raw,file=$work/qemu-uas.img" -device usb-uas,bus=theirs.0,id=uas \
	-device scsi-hd,bus=uas.0,drive=uas-disk \
	</dev/null >"$work/console.log" 2>"$work/qemu.log" &
machine=$!
wait $machine
machine=
tr -d '\r' <"$work/console.log" | awk '$1 == "guest:" && $5 > 0 && $6 > 0 { print $2, $3, $4, $5 / $6 }' |
	LC_ALL=C sort -k 1,3 -k 4,4n | awk -v profile="$profile" -v runs="$runs" '
	{ key = $1 " " $2 " " $3; rate[key, ++count[key]] = $4 }
	function median(key) {
		if (count[key] != runs) exit 1
		return (rate[key, int((runs + 1) / 2)] + rate[key, int(runs / 2) + 1]) / 2
	}
	END {
		split("usb-storage uas", driver, " "); split("read write", way, " ")
		for (d = 1; d <= 2; d++)
			for (w = 1; w <= 2; w++) {
				key = driver[d] " " way[w]
				ours = median("ours " key); theirs = median("qemu " key)
				printf "%-17s %s %7.1f MB/s, QEMU %7.1f MB/s, ratio %.2f\n", key, profile, ours, theirs,
					ours / theirs
			}
	}' || { tail -n 20 "$work/console.log" "$work/qemu.log" "$work/serve.log"; die 1 "the guest did not come to its end" "its last words are above"; }
