#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds QEMU with AddressSanitizer from Debian's source package. Prints the path of the built
# qemu-system-x86_64, nothing else, to stdout. A second call finds it in the cache.
#
#   toolchain/build-qemu.sh [--newest] [--ubsan] [--cc clang|gcc] [--prefix <folder>] ...
#
#   --newest  not the distribution's version but the newest whose source the mirror has
#   --ubsan   UndefinedBehaviorSanitizer as well
#   --cc      the compiler: clang (default) or gcc, which brings libasan as a library of its own
#   --prefix  where to (default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/qemu-asan, 250 MB for each)
#   --check   only look, build nothing; exit 1 if it is not there
#   --force   build again even if it is there
#
# Errors do not end the program unless ASAN_OPTIONS says so (-fsanitize-recover): that is what a VM
# is run with. Only x86_64 with what the VMs of this project need: usb-redir, spice, slirp, VNC, KVM
# and TCG. Missing development packages are installed (with sudo unless you are root; SETUP=0 skips
# that), all else goes into the folder. Firmware comes from Debian's binary packages. 5 to 20 minutes
# on two cores; JOBS=<n> and nice are honoured.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
# shellcheck source=debian.sh
. toolchain/debian.sh

prefix='' newest=0 ubsan=0 cc=clang check=0 force=0
while [ $# -gt 0 ]; do
	case $1 in
	--newest) newest=1 ;;
	--ubsan) ubsan=1 ;;
	--cc) cc=${2:-}; shift ;;
	--prefix) prefix=${2:-}; shift ;;
	--check) check=1 ;;
	--force) force=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/build-qemu.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/build-qemu.sh --help"
done
case $cc in
clang | gcc) ;;
*) die 2 "--cc '$cc' is neither clang nor gcc" "both of the distribution are known to work" ;;
esac
prefix=$(cache_folder "$prefix" qemu-asan)
case $prefix in
*[[:space:]:\']*) die 2 "'$prefix' has a blank, colon or quote in it" "give another --prefix" ;;
esac
name=distribution
[ $newest = 0 ] || name=newest
name+=-$cc
[ $ubsan = 0 ] || name+=-ubsan
result=$prefix/$name
program=$result/bin/qemu-system-x86_64

if [ $force = 0 ] && [ -x "$program" ] && [ -s "$result/version" ]; then
	printf '%s\n' "$program"
	exit 0
fi
[ $check = 0 ] || die 1 "there is no $program" "toolchain/build-qemu.sh builds it"

# ---- what it takes ----------------------------------------------------------------------------

command -v apt-get >/dev/null || die 2 "there is no apt-get here" "this takes Debian or what derives from it"
wanted=(dpkg-dev xz-utils pkg-config ninja-build meson python3-venv flex bison libglib2.0-dev libpixman-1-dev zlib1g-dev
	libfdt-dev libusbredirparser-dev libspice-server-dev libslirp-dev libgcrypt20-dev liburing-dev libaio-dev libseccomp-dev)
missing=()
for package in "${wanted[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	[ "${SETUP:-1}" != 0 ] || die 2 "packages are missing: ${missing[*]}" "install them, or leave SETUP=0 out"
	as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	tell "installing: ${missing[*]}"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends \
		"${missing[@]}" >/dev/null || die 2 "the packages could not be installed" "does 'apt-get update' succeed?"
fi
command -v "$cc" >/dev/null || die 2 "there is no $cc" "toolchain/setup.sh installs it"

# ---- the source -------------------------------------------------------------------------------

# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || die 2 "/etc/os-release names no release" "this takes Debian"

work=$result.work log=$result.log # one name for all builds, so that a compiler cache knows them again
one_at_a_time "$result"
if [ $force = 0 ] && [ -x "$program" ]; then # made while we waited
	printf '%s\n' "$program"
	exit 0
fi
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
suites=("$codename" "$codename-updates")
[ $newest = 0 ] || for suite in "$codename-backports" trixie trixie-backports; do
	[[ " ${suites[*]} " == *" $suite "* ]] || suites+=("$suite")
done
: >"$log"
tell "reading the mirror's lists"
debian_open "$work/apt" "${suites[@]}"
sed -i 's/^deb .*/&\n&/; s/\ndeb /\ndeb-src /' "$apt/sources.list"
quiet "$apt/log" apt-get update
# step SENTENCE COMMAND..: one that takes long; its words go to the log, whose end is shown when it fails.
step() {
	tell "$1"
	shift
	printf '\n==== %s\n' "$*" >>"$log"
	"$@" >>"$log" 2>&1 && return
	tail -n 25 "$log" | sed -E 's#https?://[^/ ]+#<mirror>#g' >&2
	die 2 "that failed (its last lines are above)" "all of it is in $log"
}
versions=$(apt-cache showsrc --only-source qemu | sed -n 's/^Version: //p' | sort -u)
# Newest first; a mirror may list a source that it does not have.
versions=$(printf '%s\n' "$versions" | python3 -c 'import functools, subprocess, sys
newer = lambda a, b: subprocess.call(["dpkg", "--compare-versions", a, "gt", b])
print("\n".join(sorted(sys.stdin.read().split(), key=functools.cmp_to_key(lambda a, b: 2 * newer(a, b) - 1))))')
[ -n "$versions" ] || die 2 "the mirror has no source of QEMU" "does DEBIAN_MIRROR or apt's sources name a full mirror?"
version=''
for v in $versions; do
	tell "fetching the source of QEMU $v"
	if (cd "$work" && apt-get -q source --download-only "qemu=$v") >>"$log" 2>&1; then
		version=$v
		break
	fi
	rm -f "$work"/qemu_*
done
[ -n "$version" ] || die 2 "no source could be fetched" "the reasons are in $log"
upstream=${version#*:} upstream=${upstream%%[+~-]*}
major=${upstream%%.*}
step "unpacking" dpkg-source --no-check -x "$work"/qemu_*.dsc "$work/source"
suite=$codename
case $version in
*+deb13*) suite=trixie ;;
*bpo13*) suite=trixie-backports ;;
esac
tell "fetching its firmware"
debian_fetch "qemu-system-data/$suite" "seabios/${suite%-backports}" "ipxe-qemu/${suite%-backports}"

# ---- configure and build ------------------------------------------------------------------------

# QEMU's configure makes itself an environment of the system's python, and looks for meson there.
meson=(--python=/usr/bin/python3)
if [ "$major" -ge 8 ]; then
	if ! dpkg --compare-versions "$(dpkg-query -W -f '${Version}' meson)" ge 1.5; then
		tell "fetching a newer meson"
		debian_fetch "meson/$codename-backports"
		debian_extract "$work/meson" "$apt"/debs/meson_*.deb
		export PYTHONPATH=$work/meson/usr/lib/python3/dist-packages
	fi
else
	meson=(--meson=/usr/bin/meson)
fi
if [ "$major" -ge 9 ]; then
	sanitizers=(--enable-asan)
	[ $ubsan = 0 ] || sanitizers+=(--enable-ubsan)
	flags=
else
	sanitizers=(--enable-sanitizers)
	flags=-fno-sanitize=undefined
	[ $ubsan = 0 ] || flags=
fi
features=(--enable-tcg --enable-kvm --enable-usb-redir --enable-spice --enable-spice-protocol --enable-vnc --enable-slirp --enable-gcrypt
	--enable-fdt=system --enable-linux-aio --enable-linux-io-uring --enable-seccomp)
[ "$major" -lt 9 ] || features+=(--enable-pixman)
# The parts that a feature brings in as it is named there.
grep -q "option('vfio_user_client'" "$work/source/meson_options.txt" && features+=(--enable-vfio-user-client)
# Stacks name files as the source does, wherever it was built.
flags+=" -fdebug-prefix-map=../source/= -fdebug-prefix-map=$work/build=/qemu-$upstream"
host_cxx=g++
[ "$cc" = gcc ] || host_cxx=clang++
configure() {
	mkdir -p "$work/build" && cd "$work/build" || return
	# A fortified memcpy is one that the sanitizer does not see.
	# It finds its firmware beside itself if its prefix is not the root.
	../source/configure --prefix=/usr/local --cc="$cc" --cxx="$host_cxx" --host-cc="$cc" "${meson[@]}" --target-list=x86_64-softmmu \
		--without-default-features "${features[@]}" "${sanitizers[@]}" --disable-werror --disable-install-blobs \
		--extra-cflags="-U_FORTIFY_SOURCE -fno-omit-frame-pointer -fsanitize-recover=address $flags" "$@"
}
step "configuring QEMU $upstream with $cc" configure

# ninja says how far it is; on a terminal on one line, elsewhere every tenth.
follow() {
	awk -v clear="$clear_line" -v name="$script" '
		{ print >>log_file; fflush(log_file) }
		match($0, /^\[[0-9]+\/[0-9]+\]/) {
			split(substr($0, 2, RLENGTH - 2), n, "/"); tenth = int(10 * n[1] / n[2])
			if (clear != "") printf "%s%s: compiling %d of %d", clear, name, n[1], n[2]
			else if (tenth != last) printf "%s: compiling %d of %d\n", name, n[1], n[2]
			last = tenth; fflush()
		}
		END { if (clear != "") printf "%s", clear }' log_file="$log" >&2
}
tell "compiling; the log is $log"
export ASAN_OPTIONS=detect_leaks=0 # of the tools that the build itself runs
(cd "$work/build" && ninja -j"$jobs" qemu-system-x86_64) 2>&1 | follow
[ "${PIPESTATUS[0]}" = 0 ] || { grep -a -A 20 '^FAILED' "$log" | head -n 40 >&2; die 2 "compiling failed" "all of it is in $log"; }

# ---- put together -------------------------------------------------------------------------------

install=$work/install share=$work/install/share/qemu
mkdir -p "$install/bin" "$share"
cp "$work/build/qemu-system-x86_64" "$install/bin/"
debian_extract "$work/firmware" "$apt"/debs/{qemu-system-data,seabios,ipxe-qemu}_*.deb
cp -a "$work/source/pc-bios/keymaps" "$share/" 2>/dev/null
for folder in usr/share/qemu usr/share/seabios usr/lib/ipxe/qemu; do
	find "$work/firmware/$folder" -maxdepth 1 -type f \( -name '*.bin' -o -name '*.rom' \) -exec cp -t "$share" {} + 2>/dev/null
done
printf 'QEMU %s, %s, AddressSanitizer%s\n' "$version" "$("$cc" --version | head -n 1)" \
	"$([ $ubsan = 0 ] || echo ' and UndefinedBehaviorSanitizer')" >"$install/version"
ASAN_OPTIONS=detect_leaks=0 "$install/bin/qemu-system-x86_64" --version >>"$log" 2>&1 ||
	die 2 "the built QEMU does not start" "its words are at the end of $log"
rm -rf "${result:?}"
mv "$install" "$result" || die 2 "cannot move the result to $result" "is another build going on?"
rm -f "$log"
tell "$(cat "$result/version"), $(du -sm "$result" | cut -f1) MB, $SECONDS s"
printf '%s\n' "$program"
