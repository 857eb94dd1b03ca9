#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fetches what a small Linux guest is made of: a stock Debian kernel, busybox and the programs that
# make and check an ext4. The packages are only extracted. Prints the folder, which then holds vmlinuz,
# version, modules/lib/modules, busybox and tools/.
#
#   toolchain/get-guest.sh [--suite <suite>] [--prefix <folder>] [--force]
#
# Suites: bookworm (default, Linux 6.1), bookworm-backports (6.12), trixie-backports (7 or newer). The folder
# is below <prefix>, by default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/guest; nothing is installed.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=debian.sh
. toolchain/debian.sh

prefix='' suite=bookworm force=0
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=${2:-}; shift ;;
	--suite) suite=${2:-}; shift ;;
	--force) force=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/get-guest.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/get-guest.sh --help"
done
[[ $suite =~ ^[a-z]+(-[a-z]+)*$ ]] || die 2 "'$suite' is no suite of Debian" "for example bookworm-backports"
prefix=$(cache_folder "$prefix" guest)/$suite
is_there() { [ $force = 0 ] && [ -s "$prefix/version" ] && [ -d "$prefix/tools" ]; }

if ! is_there; then
	fetch_begin
	tell "fetching Debian's kernel from $suite and a few programs (about 80 MB, once)"
	suites=(bookworm)
	[ "$suite" = bookworm ] || suites+=("$suite")
	debian_open "$new/apt" "${suites[@]}"

	# linux-image-amd64 only depends on the package that has the kernel itself.
	real=$(apt-cache show "linux-image-amd64/$suite" 2>/dev/null |
		sed -n 's/^Depends:.* \(linux-image-[0-9][^ ,]*\).*/\1/p' | head -n 1)
	[ -n "$real" ] || die 2 "$suite has no linux-image-amd64" "which suites does the mirror have?"
	# Newer ones are in two pieces, and an empty one that depends on both.
	pieces=$(apt-cache show "$real/$suite" 2>/dev/null |
		sed -n 's/^Depends: //p' | tr ',' '\n' | sed -n "s/^ *\(linux-\(binary\|modules\)-[^ ]*\).*/\1/p" | sort -u)
	for piece in ${pieces:-$real}; do
		debian_fetch "$piece/$suite"
	done
	debian_fetch {busybox-static,e2fsprogs,libext2fs2,libcom-err2,libblkid1,libuuid1,libss2,libc6}/bookworm
	debian_extract "$new/root" "$new"/apt/debs/linux-*.deb "$new"/apt/debs/busybox-static_*.deb
	rm -f "$new"/apt/debs/linux-*.deb "$new"/apt/debs/busybox-static_*.deb
	debian_extract "$new/programs" "$new"/apt/debs/*.deb

	version=$(find "$new"/root/{,usr/}lib/modules -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | head -n 1)
	[ -n "$version" ] || die 2 "the packages hold no modules" "report this"
	kernel=$(find "$new/root" -type f -name 'vmlinuz*' | head -n 1)
	mkdir -p "$new/modules/lib/modules" "$new/tools/bin" "$new/tools/lib" "$new/tools/lib64"
	if ! mv "$kernel" "$new/vmlinuz" || ! mv "$new"/root/bin/busybox "$new/busybox"; then
		die 2 "the packages hold no kernel or no busybox" "is $real a kernel package?"
	fi
	mv "$new"/root/{,usr/}lib/modules/"$version" "$new/modules/lib/modules/" 2>/dev/null
	# Who needs whom: what installing the package would have worked out.
	"$new/busybox" depmod -b "$new/modules" "$version" || die 2 "the modules' dependencies could not be found out" "report this"
	for program in mke2fs e2fsck dumpe2fs; do
		find "$new/programs" -type f -name $program -exec cp {} "$new/tools/bin/" \;
		[ -x "$new/tools/bin/$program" ] || die 2 "e2fsprogs has no $program" "report this"
	done
	find "$new/programs" -path '*x86_64-linux-gnu/*' -regex '.*/lib\(ext2fs\|e2p\|ss\|com_err\|blkid\|uuid\|c\|pthread\)\.so\..*' \
		-exec cp -a {} "$new/tools/lib/" \;
	find "$new/programs" -name 'ld-linux-x86-64.so.2' -exec cp -L {} "$new/tools/lib64/" \; -quit
	printf '%s\n' "$version" >"$new/version"
	rm -rf "$new/root" "$new/programs" "$new/apt" "${prefix:?}"
	mv "$new" "$prefix" || die 2 "cannot move the result to $prefix" "is there room?"
	tell "Linux $version, $(du -sm "$prefix" | cut -f1) MB"
fi
printf '%s\n' "$prefix"
