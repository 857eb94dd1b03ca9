#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Packs what a small guest starts from: busybox, the programs for ext4, the modules of USB, its classes
# and ext4, and one script.
#
#   toolchain/guest/initrd.sh <folder of get-guest.sh> <init script> <result> [<parts folder> [<program>..]]
#
# The folder is what toolchain/get-guest.sh prints. Parts go to /parts, programs to /bin. In the environment,
# MODULES are names of further modules, TREE is a folder whose files are added at the top.

# shellcheck source=../../ci/say.sh
. "$(dirname "$0")/../../ci/say.sh"
[ $# -ge 3 ] || die 2 "three arguments are needed" "try toolchain/guest/initrd.sh --help"
root=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$root"' EXIT
version=$(cat "$1/version")
modules=$1/modules/lib/modules/$version
mkdir -p "$root"/{bin,proc,sys,dev,tmp,lib} "$root/lib/modules/$version"
cp "$1/busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
ln -s bin "$root/sbin" # where the kernel looks for modprobe
cp "$2" "$root/init"
chmod 755 "$root/init"
cp -a "$1"/tools/. "$root/"
[ -z "${TREE:-}" ] || cp -a "$TREE"/. "$root/"
[ $# -lt 4 ] || cp -r "$4" "$root/parts"
[ $# -lt 5 ] || cp "${@:5}" "$root/bin/"
# Every module that one of these needs, and nothing else.
closure() {
	awk -v want="$*" '
	{ sub(/:/, "", $1); name = $1; sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name)
	  file[name] = $1; needs[$1] = ""; for (i = 2; i <= NF; i++) needs[$1] = needs[$1] " " $i }
	function take(path, part, n, i) {
		if (path == "" || (path in taken)) return
		taken[path] = 1; print path
		n = split(needs[path], part, " ")
		for (i = 1; i <= n; i++) take(part[i])
	}
	END { n = split(want, one, " "); for (i = 1; i <= n; i++) take(file[one[i]]) }' "$modules/modules.dep"
}
# shellcheck disable=SC2086 # words
closure xhci_pci xhci_pci_renesas xhci_hcd usbcore usb_common usb_storage uas sd_mod sr_mod isofs usbhid hid_generic evdev \
	usbtest button ext4 crc32c_generic crc32c_intel crct10dif_generic crct10dif_common crc64_rocksoft \
	crc64_rocksoft_generic ${MODULES:-} |
	while read -r file; do
		mkdir -p "$root/lib/modules/$version/$(dirname "$file")"
		# busybox hands compressed ones to the kernel as they are first, which complains.
		case $file in
		*.xz) xz -dc "$modules/$file" >"$root/lib/modules/$version/${file%.xz}" ;;
		*) cp "$modules/$file" "$root/lib/modules/$version/$file" ;;
		esac
	done
"$1/busybox" depmod -b "$root" "$version"
(cd "$root" && find . | LC_ALL=C sort | "$1/busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$3"
