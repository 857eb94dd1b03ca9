#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fetches the programs with which guests use a sound card, a card reader and a media device as people do:
# aplay and arecord, pcscd with opensc-tool, libmtp's tools. Debian's packages of bookworm, only extracted.
# Prints the folder, which then holds a tree for each: audio, ccid, mtp.
#
#   toolchain/get-programs.sh [--prefix <folder>] [--force]
#
# The folder is by default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/programs; nothing is installed.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=debian.sh
. toolchain/debian.sh

fetch_options programs "$@"
packages() {
	case $1 in
	audio) echo alsa-utils libasound2 libasound2-data libc6 ;;
	ccid) echo pcscd libccid libpcsclite1 opensc opensc-pkcs11 libsystemd0 libudev1 libusb-1.0-0 libcap2 libgcrypt20 \
		libgpg-error0 liblz4-1 liblzma5 libzstd1 libssl3 libreadline8 libtinfo6 zlib1g libglib2.0-0 libpcre2-8-0 \
		libmount1 libblkid1 libselinux1 libffi8 libuuid1 libgcc-s1 libc6 ;;
	mtp) echo mtp-tools libmtp9 libgcrypt20 libgpg-error0 libusb-1.0-0 libudev1 libc6 ;;
	esac
}
programs() {
	case $1 in
	audio) echo usr/bin/aplay ;;
	ccid) echo usr/sbin/pcscd usr/bin/opensc-tool ;;
	mtp) echo usr/bin/mtp-{connect,detect,files,sendfile,getfile,newfolder,delfile} ;;
	esac
}
is_there() { [ $force = 0 ] && [ -d "$prefix/mtp" ]; }

if ! is_there; then
	fetch_begin
	tell "fetching programs for sound, cards and media from Debian's bookworm (about 12 MB, once)"
	debian_open "$new/apt" bookworm
	for tree in audio ccid mtp; do
		rm -rf "$apt/debs"
		# shellcheck disable=SC2046 # words
		debian_fetch $(packages $tree)
		debian_extract "$new/$tree" "$apt"/debs/*.deb
		cd "$new/$tree" || die 2 "cannot enter $new/$tree" "report this"
		libraries=$PWD/lib/x86_64-linux-gnu
		for program in $(programs $tree); do
			"$libraries/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$libraries:$PWD/usr/lib/x86_64-linux-gnu" \
				--list "$program" >"$apt/log" 2>&1 ||
				die 2 "the packages hold no $program, or not its libraries: $(tail -n 1 "$apt/log")" "report this"
		done
		mkdir keep
		# shellcheck disable=SC2046 # words
		mv $(programs $tree) keep/
		[ $tree != audio ] || ln -s aplay keep/arecord
		rm -rf {usr/,}{bin,sbin} usr/share/{doc,man,locale,info,lintian,bug,sounds}
		# libmtp converts to and from UTF-16 only.
		find usr/lib/x86_64-linux-gnu/gconv -name '*.so' ! -name 'UTF-16.so' -delete
		mkdir -p bin
		mv keep/* bin/
		rmdir keep
		cd - >/dev/null || exit 2
	done
	rm -rf "$new/apt" "${prefix:?}"
	mv "$new" "$prefix" || die 2 "cannot move the result to $prefix" "is there room?"
fi
printf '%s\n' "$prefix"
