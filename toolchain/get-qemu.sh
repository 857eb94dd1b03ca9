#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Finds a QEMU that can attach our controller (10.1 or newer, with the device vfio-user-pci), and
# fetches one if there is none. Prints the path of qemu-system-x86_64, nothing else, to stdout.
#
#   toolchain/get-qemu.sh [--prefix <folder>] [--check] [--force]
#
# Taken, in this order: QEMU=<program>, the host's own if it is new enough, the one fetched before,
# and else Debian's trixie-backports packages. Those are only extracted, into a folder of our own
# (default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/qemu, about 160 MB): no root, nothing of the host
# is touched, and the program uses the libraries that came with it. The packages come from the mirror
# that the host's apt uses, or from DEBIAN_MIRROR=<url>, and are verified with Debian's keyring.
#
#   --check   only look, fetch nothing; exit 1 if there is none
#   --force   fetch again even if one is there

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

prefix=${XDG_CACHE_HOME:-$HOME/.cache}/usb-gauntlet/qemu check=0 force=0
while [ $# -gt 0 ]; do
	case $1 in
	--prefix) prefix=${2:-}; shift ;;
	--check) check=1 ;;
	--force) force=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/get-qemu.sh --help" ;;
	esac
	shift || die 2 "--prefix lacks its value" "try toolchain/get-qemu.sh --help"
done
[ -n "$prefix" ] || die 2 "--prefix is empty" "give a folder that may be written"
prefix=$(realpath -m -- "$prefix")
case $prefix in
*[[:space:]:\']*) die 2 "'$prefix' has a blank, colon or quote in it" "give another --prefix" ;;
esac
found=$prefix/bin/qemu-system-x86_64

tell() { printf '%s\n' "$script: $*" >&2; }
good() { "$1" -device vfio-user-pci,help 2>/dev/null | grep -q '^  socket='; }

if [ -n "${QEMU:-}" ]; then
	good "$QEMU" || die 2 "QEMU=$QEMU has no device vfio-user-pci" "it takes QEMU 10.1 or newer; unset QEMU to have one fetched"
	command -v "$QEMU"
	exit 0
fi
if [ $force = 0 ]; then
	for candidate in "$(command -v qemu-system-x86_64)" "$found"; do
		if [ -x "$candidate" ] && good "$candidate"; then
			printf '%s\n' "$candidate"
			exit 0
		fi
	done
fi
[ $check = 0 ] || die 1 "no QEMU with vfio-user-pci here" "toolchain/get-qemu.sh fetches one"

# ---- what it takes ----------------------------------------------------------------------------

for need in apt-get dpkg-deb awk sed; do
	command -v $need >/dev/null || die 2 "there is no $need here" "on other systems than Debian give QEMU=<qemu-system-x86_64, 10.1 or newer>"
done
[ "$(dpkg --print-architecture)" = amd64 ] || die 2 "only amd64 has been tried" "give QEMU=<qemu-system-x86_64, 10.1 or newer>"
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -r "$keyring" ] || die 2 "$keyring is missing" "apt-get install debian-archive-keyring, or set DEBIAN_KEYRING"
mirror=${DEBIAN_MIRROR:-$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
	awk '$1 == "URIs:" { url = $2 } $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) { url = $i; break } }
		url ~ /debian\/?$/ && url !~ /security/ { print url; exit }')}
[ -n "$mirror" ] || die 2 "no Debian mirror in apt's sources" "set DEBIAN_MIRROR=<url that ends in /debian>"

# ---- fetch ------------------------------------------------------------------------------------

new=$prefix.new.$$ log=$prefix.log
mkdir -p "$(dirname "$prefix")" || die 2 "cannot make $(dirname "$prefix")" "give another --prefix"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM
apt=$new/apt root=$new/root
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$root" "$new/bin"
: >"$apt/status"
for suite in trixie trixie-backports; do
	echo "deb [signed-by=$keyring] $mirror $suite main"
done >"$apt/sources.list"
cat >"$apt/apt.conf" <<-END
	Dir::State "$apt"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
	Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
	Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";
	APT::Architecture "amd64"; APT::Architectures { "amd64"; };
	APT::Install-Recommends "false"; APT::Sandbox::User "";
	APT::Get::AllowUnauthenticated "false"; APT::Update::Error-Mode "any";
	Acquire::Languages "none"; Acquire::Retries "3";
	#clear APT::Update::Post-Invoke; #clear APT::Update::Post-Invoke-Success;
	#clear DPkg::Post-Invoke; #clear DPkg::Pre-Install-Pkgs;
END
# A mirror that stands still serves lists whose dates are over; the signatures are checked all the same.
printf '%s\n' 'Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";' >>"$apt/apt.conf"

quiet() {
	"$@" >"$log" 2>&1 && return
	sed -E 's#https?://[^/ ]+#<mirror>#g' "$log" | tail -n 15 >&2
	die 2 "'$1 ${*: -1}' failed (its last lines are above)" "does the mirror have trixie-backports? DEBIAN_MIRROR=<url> names another"
}
export APT_CONFIG=$apt/apt.conf LC_ALL=C DEBIAN_FRONTEND=noninteractive
tell "fetching QEMU from Debian's trixie-backports (about 60 MB, once)"
quiet apt-get -o Debug::NoLocking=1 update
quiet apt-get -o Debug::NoLocking=1 install -y --download-only -t trixie-backports qemu-system-x86 patchelf
tell "extracting"
for deb in "$apt"/cache/archives/*.deb; do
	quiet dpkg-deb -x "$deb" "$root"
done
for folder in bin sbin lib lib64; do
	[ -e "$root/$folder" ] || ln -s "usr/$folder" "$root/$folder"
done
rm -rf "$root"/usr/share/{doc,man,locale,info,lintian,bug} "$apt"
rm -rf "${prefix:?}"
mv "$new" "$prefix" || die 2 "cannot move the result to $prefix" "is another process fetching to the same place?"

# ---- make it find what came with it, and nothing else -----------------------------------------

root=$prefix/root
binary=$root/usr/bin/qemu-system-x86_64
loader=$root/usr/lib64/ld-linux-x86-64.so.2
libraries=$root/usr/lib/x86_64-linux-gnu
# The older kind of run path, which also holds for the libraries' own needs.
quiet "$loader" --inhibit-cache --library-path "$libraries" "$root/usr/bin/patchelf" \
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
