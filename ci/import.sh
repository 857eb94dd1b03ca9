#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Makes named seeds of recordings of real devices (whatever `gauntlet import` takes: usbmon and USBPcap captures, sysfs
# descriptors, lsusb -v, umockdev, usbredir), each device of each file one, and drops those that reach nothing in the
# code that the seeds we have, and those before them, do not reach.
#
#   [T=<target>] ci/import.sh [-o <folder>] [--beside <folder>] [--dry] FILE..
#
#   T         descriptor (default): descriptor sets; a target whose seeds are programs (xhci-ring): programs
#   -o        where to; corpus/<target> if it is not given
#   --beside  the bytes of the seeds we have; build/corpus/<target> if it is not given
#   --dry     only say what is new
#
# One line for each device, "new" or "known"; what reaches something new is told by libFuzzer's -merge=1. Names are
# <file>-<vendor>-<product>: give them better ones. Exit 0, also if nothing is new; 1 if a file cannot be read.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
out='' beside='' dry=0 files=() t=${T:-descriptor}
unset T
while [ $# -gt 0 ]; do
	case $1 in
	-o) out=${2:-}; shift ;;
	--beside) beside=${2:-}; shift ;;
	--dry) dry=1 ;;
	-*) die 2 "unknown option '$1'" "try ci/import.sh --help" ;;
	*) files+=("$1") ;;
	esac
	shift || die 2 "an option lacks its value" "try ci/import.sh --help"
done
[ ${#files[@]} != 0 ] || die 2 "which files?" "try ci/import.sh --help"
grep -qxF -- "$t" < <(all_targets) || die 2 "there is no target '$t'" "targets: $(all_targets | tr '\n' ' ')"
out=${out:-corpus/$t}
kind=hex
[ -z "$(find "corpus/$t" -name '*.ops' -print -quit 2>/dev/null)" ] || kind=ops
need_setup
fuzzer=build/fuzz/$(under "$t")_fuzzer gauntlet=${GAUNTLET:-build/asan/gauntlet}
build "$fuzzer" ${GAUNTLET:+build/asan/gauntlet}
T=$t ci/corpus.sh --quiet || exit 1
beside=${beside:-build/corpus/$t}
[ -d "$beside" ] || die 2 "there is no folder '$beside'" "give --beside one with the bytes of seeds"
work=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$work"' EXIT
mkdir "$work"/{text,bytes,merged,artifacts}

# Every device of every file; those of a file have its name.
failed=0
for file in "${files[@]}"; do
	n=0
	stem=$(basename "$file")
	stem=$(tr 'A-Z_. ' 'a-z---' <<<"${stem%.*}" | tr -cd 'a-z0-9-')
	while [ $n -lt 64 ] && "$gauntlet" import -n $n "$file" -o "$work/one.hex" 2>"$work/said"; do
		ids=$(sed -n 's/^# VID:PID \(....\):\(....\).*/\1-\2/p' "$work/one.hex")
		name=$stem${ids:+-$ids}
		[ ! -e "$work/text/$name.$kind" ] || name+=-$n
		"$gauntlet" import -n $n "$file" -o "$work/text/$name.$kind" || failed=1
		n=$((n + 1))
	done
	[ $n != 0 ] || { cat "$work/said" >&2; failed=1; }
done
[ -n "$(ls "$work/text")" ] || exit $failed
"$gauntlet" encode --dir "$work/text" -o "$work/bytes" >"$work/log" 2>&1 || {
	cat "$work/log" >&2
	die 1 "what was imported cannot be encoded" "the line above says why"
}
find "$beside" -type f -exec cp -t "$work/merged" {} + || die 2 "cannot copy $beside" "is there room in ${TMPDIR:-/tmp}?"
# Smaller ones come first there, so that of two alike the shorter stays.
eval "$(toolchain/sanitizer-profile fuzz --env)"
"$fuzzer" -merge=1 "${engine_flags[@]}" -max_len=65536 -artifact_prefix="$work/artifacts/" "$work/merged" "$work/bytes" >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	die 1 "the seeds cannot be compared" "the engine's words are above"
}
new=0
while read -r text; do
	name=$(basename "$text")
	hash=$(sha1sum <"$work/bytes/${name%.*}.bin" | cut -d' ' -f1)
	if [ ! -e "$work/merged/$hash" ]; then
		say "known $name: it reaches nothing new"
	elif [ $dry = 0 ] && [ -e "$out/$name" ] && ! cmp -s "$text" "$out/$name"; then
		say "new   $name: but $out has another of that name"
		failed=1
	else
		new=$((new + 1))
		say "new   $name"
		[ $dry = 1 ] || { mkdir -p "$out" && cp "$text" "$out/"; } || die 1 "cannot write $out" "is the disk full?"
		rm "$work/merged/$hash" # of two that are the same to the byte one is new
	fi
done < <(find "$work/text" -type f | LC_ALL=C sort)
say "$new new of $(find "$work/text" -type f | wc -l)"
exit $failed
