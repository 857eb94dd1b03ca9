#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the packages that building and testing need, and only those that are missing:
#
#   toolchain/setup.sh            install what is missing (with sudo unless you are root)
#   toolchain/setup.sh --check    only say what is missing; exit 1 if something is
#
# Silent and quick when nothing is missing. Knows Debian and Ubuntu and what derives from them;
# elsewhere it names what to install by hand and exits with 1. SETUP=0 skips it.
set -u

case "${1:-}" in
--help) sed -n '4,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
--check | '') ;;
*) echo "setup.sh: unknown option '$1'; try --help" >&2; exit 2 ;;
esac
[ "${SETUP:-1}" != 0 ] || exit 0

missing=
lacks() { missing="$missing $1"; }
command_of() { command -v "$2" >/dev/null 2>&1 || lacks "$1"; }
file_of() {
	package=$1
	shift
	for candidate; do
		[ ! -e "$candidate" ] || return 0
	done
	lacks "$package"
}

command_of make make
command_of gcc gcc
command_of clang clang
command_of llvm llvm-cov
command_of llvm llvm-symbolizer
command_of lld ld.lld
command_of clang-format clang-format
command_of git git
command_of patch patch
command_of bzip2 bzip2
command_of xz-utils xz
command_of zip zip
command_of unzip unzip
command_of python3 python3
command_of shellcheck shellcheck
command_of valgrind valgrind
command_of genisoimage genisoimage
command_of umockdev umockdev-run
command_of clang-tidy clang-tidy
command_of cppcheck cppcheck
file_of libc6-dev /usr/include/stdio.h
file_of libcmocka-dev /usr/include/cmocka.h
file_of libjansson-dev /usr/include/jansson.h
file_of libpcap-dev /usr/include/pcap/usb.h
file_of libusb-1.0-0-dev /usr/include/libusb-1.0/libusb.h
file_of libusbredirparser-dev /usr/include/usbredirparser.h
file_of libudev-dev /usr/include/libudev.h
# The sanitizer and libFuzzer libraries are a package of their own, named after clang's version,
# that Debian only recommends.
runtime() {
	file_of clang-runtime /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a \
		/usr/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a \
		/usr/lib/llvm-*/lib/clang/*/lib/*-linux-gnu*/libclang_rt.fuzzer.a
}
runtime
# Another clang brought by CC has its own.
case "${CC:-clang}" in
clang) ;;
*) missing=$(echo " $missing " | sed 's/ clang-runtime / /; s/ clang / /') ;;
esac
missing=$(echo "$missing" | tr -s " " "\n" | awk "!seen[\$0]++" | tr "\n" " ")
missing=${missing# } missing=${missing% }

[ -n "$missing" ] || exit 0
echo "setup: missing: $missing"
[ "${1:-}" != --check ] || exit 1

give_up() {
	echo "setup: $1" >&2
	echo "  Install by hand, then run this again: $missing" >&2
	echo "  (clang-runtime is the package with libclang_rt.asan and libclang_rt.fuzzer)" >&2
	exit 1
}

ID=unknown ID_LIKE=
# shellcheck source=/dev/null
[ ! -r /etc/os-release ] || . /etc/os-release
case " $ID $ID_LIKE " in
*" debian "* | *" ubuntu "*) ;;
*) give_up "this is ${PRETTY_NAME:-an unknown system}; I only know Debian and Ubuntu" ;;
esac
command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get"

as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || give_up "not root, and there is no sudo"
	as_root=sudo
	echo "setup: using sudo"
	sudo -n true 2>/dev/null || [ -t 0 ] || give_up "not root, and sudo wants a password but there is no terminal"
fi

log=$(mktemp) || give_up "cannot write a temporary file"
trap 'rm -f "$log"' EXIT
run() {
	# $as_root is one word or none.
	if ! $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		give_up "'$*' failed (its last lines are above)"
	fi
}

wanted=$(echo " $missing " | sed 's/ clang-runtime / /')
echo "setup: apt-get update"
run apt-get update -q
# The newest clang runtime that goes with the distribution's clang.
if echo " $missing " | grep -q ' clang-runtime '; then
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	if [ -n "$version" ] && apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1; then
		wanted="$wanted libclang-rt-$version-dev"
	elif [ -n "$version" ]; then
		wanted="$wanted libclang-common-$version-dev"
	fi
fi
echo "setup: apt-get install$(echo "$wanted" | tr -s ' ')"
# shellcheck disable=SC2086
run apt-get install -y -q --no-install-recommends $wanted

"$0" --check || give_up "the packages are installed but something is still missing"
echo "setup: done"
