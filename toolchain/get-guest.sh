#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fetches what a small Linux guest is made of: Debian's own kernel and busybox, as packages that are
# only extracted. Prints the folder, which then holds vmlinuz, busybox, version and modules/lib/modules.
#
#   toolchain/get-guest.sh [--prefix <folder>] [--force]
#
# Taken from what the host's apt offers as linux-image-amd64 (KERNEL=<package> takes another), into a
# folder of our own (default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/guest); nothing is installed.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

prefix=${XDG_CACHE_HOME:-$HOME/.cache}/usb-gauntlet/guest force=0
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=${2:-}; shift ;;
	--force) force=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/get-guest.sh --help" ;;
	esac
	shift || die 2 "--prefix lacks its value" "try toolchain/get-guest.sh --help"
done
[ -n "$prefix" ] || die 2 "--prefix is empty" "give a folder that may be written"
prefix=$(realpath -m -- "$prefix")/${KERNEL:-linux-image-amd64}
tell() { printf '%s\n' "$script: $*" >&2; }

if [ $force = 0 ] && [ -s "$prefix/version" ]; then
	printf '%s\n' "$prefix"
	exit 0
fi
for need in apt-get apt-cache dpkg-deb; do
	command -v $need >/dev/null || die 2 "there is no $need here" "this takes Debian or what derives from it"
done

# The package that has the kernel itself: linux-image-amd64 only depends on it.
kernel=${KERNEL:-linux-image-amd64}
real=$(apt-cache depends "$kernel" 2>/dev/null | awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }')
real=${real:-$kernel}
new=$prefix.new.$$
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$new/packages" || die 2 "cannot make $new" "give another --prefix"
tell "fetching $real and busybox-static (about 70 MB, once)"
(cd "$new/packages" && apt-get -q -o APT::Sandbox::User= download "$real" busybox-static) >"$new/log" 2>&1 || {
	sed -E 's#https?://[^/ ]+#<mirror>#g' "$new/log" | tail -n 5 >&2
	die 2 "the packages could not be fetched" "does 'apt-get update' succeed?"
}
for package in "$new"/packages/*.deb; do
	dpkg-deb -x "$package" "$new/root" || die 2 "$package cannot be extracted" "is there room in $(dirname "$prefix")?"
done
version=$(basename "$(echo "$new"/root/lib/modules/*)")
mkdir -p "$new/modules/lib/modules"
mv "$new/root/lib/modules/$version" "$new/modules/lib/modules/"
if ! mv "$new/root/boot/vmlinuz-$version" "$new/vmlinuz" || ! mv "$new/root/bin/busybox" "$new/busybox"; then
	die 2 "the packages hold no kernel or no busybox" "is $real a kernel package?"
fi
# Who needs whom: what installing the package would have worked out.
"$new/busybox" depmod -b "$new/modules" "$version" || die 2 "the modules' dependencies could not be found out" "report this"
printf '%s\n' "$version" >"$new/version"
rm -rf "$new/root" "$new/packages" "$new/log" "${prefix:?}"
mv "$new" "$prefix" || die 2 "cannot move the result to $prefix" "is another process fetching to the same place?"
tell "Linux $version, $(du -sm "$prefix" | cut -f1) MB"
printf '%s\n' "$prefix"
