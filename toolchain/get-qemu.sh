#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Finds a QEMU that can attach our controller (10.1 or newer, with the device vfio-user-pci), and
# fetches one if there is none. Prints the path of qemu-system-<arch>, nothing else, to stdout.
#
#   toolchain/get-qemu.sh [--arch x86_64|aarch64] [--prefix <folder>] [--check] [--force]
#
# Taken, in this order: QEMU=<program>, the host's own if it is new enough, the one fetched before,
# and else Debian's trixie-backports packages. Those are only extracted, into a folder of our own
# (default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/qemu, about 160 MB; another one for aarch64): no root, nothing of the host
# is touched, and the program uses the libraries that came with it. The packages come from the mirror
# that the host's apt uses, or from DEBIAN_MIRROR=<url>, and are verified with Debian's keyring.
#
#   --check   only look, fetch nothing; exit 1 if there is none
#   --force   fetch again even if one is there

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=debian.sh
. toolchain/debian.sh

prefix='' arch=x86_64 check=0 force=0
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=${2:-}; shift ;;
	--arch) arch=${2:-}; shift ;;
	--check) check=1 ;;
	--force) force=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/get-qemu.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/get-qemu.sh --help"
done
case $arch in
x86_64) package=qemu-system-x86 name=qemu ;;
aarch64) package=qemu-system-arm name=qemu-aarch64 ;;
*) die 2 "--arch '$arch' is not known" "x86_64 or aarch64" ;;
esac
program=qemu-system-$arch
prefix=$(cache_folder "$prefix" $name)
case $prefix in
*[[:space:]:\']*) die 2 "'$prefix' has a blank, colon or quote in it" "give another --prefix" ;;
esac
found=$prefix/bin/$program

good() { "$1" -device vfio-user-pci,help 2>/dev/null | grep -q '^  socket='; }

if [ "$arch" = x86_64 ] && [ -n "${QEMU:-}" ]; then
	good "$QEMU" || die 2 "QEMU=$QEMU has no device vfio-user-pci" "it takes QEMU 10.1 or newer; unset QEMU to have one fetched"
	command -v "$QEMU"
	exit 0
fi
if [ $force = 0 ]; then
	for candidate in "$(command -v "$program")" "$found"; do
		if [ -x "$candidate" ] && good "$candidate"; then
			printf '%s\n' "$candidate"
			exit 0
		fi
	done
fi
[ $check = 0 ] || die 1 "no QEMU with vfio-user-pci here" "toolchain/get-qemu.sh fetches one"

# ---- fetch ------------------------------------------------------------------------------------

[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] ||
	die 2 "only Debian's amd64 has been tried" "give QEMU=<$program, 10.1 or newer>"
one_at_a_time "$prefix"
if [ $force = 0 ] && [ -x "$found" ] && good "$found"; then
	printf '%s\n' "$found"
	exit 0
fi
new=$prefix.new.$$ log=$prefix.log
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
root=$new/root
mkdir -p "$new/bin"
tell "fetching QEMU from Debian's trixie-backports (about 60 MB, once)"
debian_open "$new/apt" trixie trixie-backports
quiet "$log" apt-get install -y --download-only -t trixie-backports "$package" patchelf
tell "extracting"
debian_extract "$root" "$new"/apt/cache/archives/*.deb
for folder in bin sbin lib lib64; do
	[ -e "$root/$folder" ] || ln -s "usr/$folder" "$root/$folder"
done
rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bug} "$new/apt"
rm -rf "${prefix:?}"
mv "$new" "$prefix" || die 2 "cannot move the result to $prefix" "is there room?"

# ---- make it find what came with it, and nothing else -----------------------------------------

root=$prefix/root
binary=$root/usr/bin/$program
loader=$root/usr/lib64/ld-linux-x86-64.so.2
libraries=$root/usr/lib/x86_64-linux-gnu
# The older kind of run path, which also holds for the libraries' own needs.
quiet "$log" "$loader" --inhibit-cache --library-path "$libraries" "$root/usr/bin/patchelf" \
	--set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$binary"
# Modules are looked for in a built-in place as well, where the host's, of another version, may be.
built_in=/usr/lib/x86_64-linux-gnu/qemu nowhere=/nonexistent/private-qemu-mods
sed -i "s#$built_in\\x00#$nowhere\\x00#g" "$binary"
cat >"$found" <<-END
	#!/bin/sh
	export QEMU_MODULE_DIR='$libraries/qemu'
	exec '$binary' -L '$root/usr/share/qemu' -L '$root/usr/share/seabios' -L '$root/usr/lib/ipxe/qemu' "\$@"
END
chmod 755 "$found"
if "$loader" --list "$binary" | grep -vF -e "$root" -e linux-vdso | grep -q .; then
	"$loader" --list "$binary" | grep -vF "$root" >&2
	die 2 "a library comes from outside the folder" "report this with the lines above"
fi
good "$found" || die 2 "the fetched QEMU does not start or has no vfio-user-pci" "see what '$found -device vfio-user-pci,help' says"
rm -f "$log"
tell "$("$found" --version | head -n 1), $(du -sm "$prefix" | cut -f1) MB"
printf '%s\n' "$found"
