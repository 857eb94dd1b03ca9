#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fetches firmware for vm-firmware.sh from Debian's trixie: OVMF (EDK2) and U-Boot for arm64, and mtools to
# make and fill a FAT. The packages are only extracted. Prints the folder, which then holds ovmf-code.fd,
# ovmf-vars.fd, u-boot-arm64.bin, mformat and mcopy. SeaBIOS comes with QEMU.
#
#   toolchain/get-firmware.sh [--prefix <folder>] [--force]
#
# The folder is by default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/firmware; nothing is installed.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=debian.sh
. toolchain/debian.sh

fetch_options firmware "$@"
is_there() { [ $force = 0 ] && [ -s "$prefix/u-boot-arm64.bin" ] && [ -x "$prefix/mformat" ]; }

if ! is_there; then
	fetch_begin
	tell "fetching OVMF and U-Boot from Debian's trixie (about 8 MB, once)"
	debian_open "$new/apt" bookworm trixie # mtools has to run here
	debian_fetch ovmf/trixie u-boot-qemu/trixie mtools/bookworm
	debian_extract "$new/root" "$new"/apt/debs/*.deb
	if ! mv "$new/root/usr/share/OVMF/OVMF_CODE_4M.fd" "$new/ovmf-code.fd" ||
		! mv "$new/root/usr/share/OVMF/OVMF_VARS_4M.fd" "$new/ovmf-vars.fd" ||
		! mv "$new/root/usr/bin/mtools" "$new/mtools" ||
		! mv "$new/root/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$new/u-boot-arm64.bin"; then
		die 2 "the packages do not hold what they held" "report this with the line above"
	fi
	ln -s mtools "$new/mcopy"
	ln -s mtools "$new/mformat"
	rm -rf "$new/root" "$new/apt" "${prefix:?}"
	mv "$new" "$prefix" || die 2 "cannot move the result to $prefix" "is there room?"
fi
printf '%s\n' "$prefix"
