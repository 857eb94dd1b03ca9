#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fetches captures of real devices by usbmon and Wireshark, with a device file of umockdev beside each: the tests of
# libfprint, from Debian's trixie. The package is only extracted. Prints the folder, which then holds
# <name>/*.pcapng and <name>/device. They stay out of this repository: their licence is another (LGPL-2.1+).
#
#   toolchain/get-captures.sh [--prefix <folder>] [--force]
#
# The folder is by default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/captures; nothing is installed.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=debian.sh
. toolchain/debian.sh

fetch_options captures "$@"
is_there() { [ $force = 0 ] && [ -n "$(find "$prefix" -mindepth 2 -name '*.pcapng' 2>/dev/null)" ]; }

if ! is_there; then
	fetch_begin
	tell "fetching captures from Debian's trixie (about 7 MB, once)"
	debian_open "$new/apt" trixie
	debian_fetch libfprint-2-tests/trixie
	debian_extract "$new/root" "$new"/apt/debs/*.deb
	mkdir "$new/result"
	while read -r capture; do
		cp -a "$(dirname "$capture")" "$new/result/" || die 2 "cannot write $new" "is there room?"
	done < <(find "$new/root" -name '*.pcapng')
	[ -n "$(ls "$new/result")" ] || die 2 "the package has no captures any more" "look for them and mend toolchain/get-captures.sh"
	rm -rf "$prefix"
	mv "$new/result" "$prefix" || die 2 "cannot write $prefix" "give another --prefix"
fi
printf '%s\n' "$prefix"
