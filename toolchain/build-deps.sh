#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds libusb-1.0 and libusbredirparser with the sanitizers and the coverage of a profile, as static
# libraries, from Debian's source packages. Prints the folder that then holds include/ and lib/, nothing
# else, to stdout. A second call finds it in the cache.
#
#   toolchain/build-deps.sh [--profile fuzz|asan] [--newest | --fixed] [--prefix <folder>] [--check] [--force]
#
#   --profile  fuzz (default): ASan and libFuzzer's coverage; asan: ASan alone
#   --newest   not the distribution's versions but the newest whose source the mirror has
#   --fixed    libusb as the newest suite has built it: a version whose source the mirror may lack, without
#              sanitizers
#   --prefix   where to (default ${XDG_CACHE_HOME:-~/.cache}/usb-gauntlet/deps, 3 MB for each)
#   --check    only look, build nothing; exit 1 if it is not there
#   --force    build again even if it is there, with the flags it would get now
#
# make takes what it finds there: DEPS=distribution (default), newest or fixed. Without it everything is
# linked to the distribution's shared libraries, where errors show but no coverage. A mirror that has lost the
# source of the distribution's version gives the next one. The versions are in version. A minute.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

prefix=${XDG_CACHE_HOME:-$HOME/.cache}/usb-gauntlet/deps profile=fuzz which=distribution check=0 force=0
while [ $# -gt 0 ]; do
	case $1 in
	--profile) profile=${2:-}; shift ;;
	--newest) which=newest ;;
	--fixed) which=fixed ;;
	--prefix) prefix=${2:-}; shift ;;
	--check) check=1 ;;
	--force) force=1 ;;
	*) die 2 "unknown option '$1'" "try toolchain/build-deps.sh --help" ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/build-deps.sh --help"
done
case $profile in
# Without compare tracing, and without a look at variables out of their scope, as our own code (toolchain.mk):
# libusbredirparser has one of 64 KiB in the function that reads.
fuzz) flags='-O2 -g -fno-omit-frame-pointer -fsanitize=address,fuzzer-no-link'
	flags+=' -fno-sanitize-coverage=trace-cmp,indirect-calls,stack-depth'
	flags+=' -fsanitize-address-use-after-return=never -fno-sanitize-address-use-after-scope' ;;
asan) flags='-O1 -g -fno-omit-frame-pointer -fsanitize=address' ;;
*) die 2 "--profile '$profile' is neither fuzz nor asan" "the others take the distribution's library" ;;
esac
[ -n "$prefix" ] || die 2 "--prefix is empty" "give a folder that may be written"
prefix=$(realpath -m -- "$prefix")
case $prefix in
*[[:space:]:\']*) die 2 "'$prefix' has a blank, colon or quote in it" "give another --prefix" ;;
esac
result=$prefix/$which-$profile
tell() { printf '%s\n' "$script: $*" >&2; }

if [ $force = 0 ] && [ -s "$result/version" ] && [ "$(cat "$result/flags" 2>/dev/null)" = "$flags" ]; then
	printf '%s\n' "$result"
	exit 0
fi
[ $check = 0 ] || die 1 "there is no $result" "toolchain/build-deps.sh builds it"
[ -e /usr/include/libudev.h ] || die 2 "libudev.h is missing" "toolchain/setup.sh installs it"
for need in apt-get apt-cache dpkg tar "${CC:-clang}"; do
	command -v "$need" >/dev/null || die 2 "there is no $need here" "this takes Debian or what derives from it"
done
for need in bzip2 xz; do
	command -v "$need" >/dev/null || die 2 "there is no $need here, for the archives of sources" "toolchain/setup.sh installs it"
done

# ---- the source -------------------------------------------------------------------------------

keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -r "$keyring" ] || die 2 "$keyring is missing" "apt-get install debian-archive-keyring, or set DEBIAN_KEYRING"
mirror=${DEBIAN_MIRROR:-$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
	awk '$1 == "URIs:" { url = $2 } $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) { url = $i; break } }
		url ~ /debian\/?$/ && url !~ /security/ { print url; exit }')}
[ -n "$mirror" ] || die 2 "no Debian mirror in apt's sources" "set DEBIAN_MIRROR=<url that ends in /debian>"
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || die 2 "/etc/os-release names no release" "this takes Debian"
suites=("$codename" trixie trixie-backports)
[ $which != fixed ] || suites=(sid)

work=$result.work.$$ log=$result.log
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work"/{apt/lists/partial,apt/cache/archives/partial,source} || die 2 "cannot make $work" "give another --prefix"
: >"$work/apt/status"
for suite in "${suites[@]}"; do
	[ $which = fixed ] && kind=deb || kind=deb-src
	printf '%s [signed-by=%s] %s %s main\n' "$kind" "$keyring" "$mirror" "$suite"
done | LC_ALL=C sort -u >"$work/apt/sources.list"
cat >"$work/apt/apt.conf" <<-END
	Dir::State "$work/apt"; Dir::State::status "$work/apt/status"; Dir::Cache "$work/apt/cache";
	Dir::Etc::sourcelist "$work/apt/sources.list"; Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
	Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";
	APT::Sandbox::User ""; Acquire::Languages "none"; Acquire::Retries "2"; APT::Update::Error-Mode "any";
	Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";
END
# step SENTENCE COMMAND..: one that takes long; its words go to the log, whose end is shown when it fails.
step() {
	tell "$1"
	shift
	printf '\n==== %s\n' "$*" >>"$log"
	"$@" >>"$log" 2>&1 && return
	tail -n 25 "$log" | sed -E 's#https?://[^/ ]+#<mirror>#g' >&2
	die 2 "that failed (its last lines are above)" "all of it is in $log"
}
export APT_CONFIG=$work/apt/apt.conf LC_ALL=C
: >"$log"
step "reading the mirror's lists" apt-get -q update
mkdir -p "$work/out/lib" "$work/out/include/libusb-1.0"

# fetch PACKAGE: its original archive unpacked to source/PACKAGE. Sets version.
fetch() {
	local order=-V versions candidate tarball=''
	[ $which = distribution ] || order=-rV
	versions=$(apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -u "$order")
	[ -n "$versions" ] || die 2 "the mirror has no source of $1" "does DEBIAN_MIRROR or apt's sources name a full mirror?"
	for candidate in $versions; do
		version=${candidate#*:} version=${version%-*}
		tell "fetching the source of $1 $version"
		# A mirror may have the original archive, checked by apt, and lack the rest: nothing is lost.
		(cd "$work" && apt-get -q source --download-only "$1=$candidate") >>"$log" 2>&1 || :
		tarball=$(find "$work" -maxdepth 1 -name "$1_$version.orig.tar.*" ! -name '*.asc' -print -quit)
		[ -z "$tarball" ] || break
	done
	[ -n "$tarball" ] || die 2 "no source of $1 could be fetched" "the reasons are in $log"
	mkdir -p "$work/source/$1"
	step "unpacking" tar -xf "$tarball" -C "$work/source/$1" --strip-components=1
}

# take FILE FOLDER: what a build has left.
take() { cp -- "$1" "$work/out/$2" || die 2 "the build left no ${1##*/}" "all of it is in $log"; }

# What configure finds out on Debian for 1.0.26 to 1.0.28: asking takes longer than building. With udev: without
# it libusb does not start where there is no USB at all.
libusb_config() {
	printf '#define %s\n' '_GNU_SOURCE 1' 'PLATFORM_POSIX 1' 'ENABLE_LOGGING 1' \
		'DEFAULT_VISIBILITY __attribute__ ((visibility ("default")))' \
		'PRINTF_FORMAT(a, b) __attribute__ ((__format__ (__printf__, a, b)))'
	printf '#define HAVE_%s 1\n' CLOCK_GETTIME DECL_EFD_CLOEXEC DECL_EFD_NONBLOCK DECL_TFD_CLOEXEC DECL_TFD_NONBLOCK \
		EVENTFD LIBUDEV NFDS_T PIPE2 PTHREAD_CONDATTR_SETCLOCK PTHREAD_SETNAME_NP SYS_TIME_H TIMERFD
}

build_libusb() {
	local source=$work/source/libusb-1.0
	fetch libusb-1.0
	libusb_config >"$source/config.h"
	mkdir "$work/libusb"
	step "building libusb for $profile" sh -c "cd '$source/libusb' && printf '%s\\n' ./*.c os/events_posix.c os/threads_posix.c \
		os/linux_usbfs.c os/linux_udev.c | xargs -P$jobs -I{} sh -c '${CC:-clang} -std=gnu11 -pthread \
		-fvisibility=hidden $flags -I. -I.. -c {} -o \"$work/libusb/\$(basename {} .c).o\"'"
	step "archiving" sh -c "ar qcs '$work/out/lib/libusb-1.0.a' '$work'/libusb/*.o"
	take "$source/libusb/libusb.h" include/libusb-1.0/
	printf 'libusb %s\n' "$version" >>"$work/out/version"
}

# Two files of C without any dependency; what is configured is for other systems.
build_usbredir() {
	local source=$work/source/usbredir/usbredirparser file words
	read -ra words <<<"$flags"
	fetch usbredir
	: >"$source/config.h"
	for file in usbredirparser usbredirfilter; do
		step "building $file" "${CC:-clang}" -std=gnu11 "${words[@]}" -DUSBREDIR_VISIBLE= -I"$source" \
			-c "$source/$file.c" -o "$work/$file.o"
		take "$source/$file.h" include/
	done
	take "$source/usbredirproto.h" include/
	step "archiving" ar qcs "$work/out/lib/libusbredirparser.a" "$work/usbredirparser.o" "$work/usbredirfilter.o"
	printf 'usbredir %s\n' "$version" >>"$work/out/version"
}

take_fixed() {
	local packages
	step "fetching the newest suite's libusb" sh -c "cd '$work' && apt-get -q download libusb-1.0-0-dev"
	packages=("$work"/libusb-1.0-0-dev_*.deb)
	step "unpacking" dpkg-deb -x "${packages[0]}" "$work/source"
	take "$(find "$work/source" -name libusb-1.0.a)" lib/
	# It was built with a newer C library, whose readers of numbers also know 0b.
	step "renaming" objcopy --redefine-sym __isoc23_strtol=strtol --redefine-sym __isoc23_strtoul=strtoul \
		--redefine-sym __isoc23_sscanf=sscanf "$work/out/lib/libusb-1.0.a"
	take "$work/source/usr/include/libusb-1.0/libusb.h" include/libusb-1.0/
	version=$(dpkg-deb -f "${packages[0]}" Version) version=${version#*:}
	printf 'libusb %s\n' "${version%-*}" >>"$work/out/version"
}

if [ $which = fixed ]; then
	take_fixed
else
	build_libusb
	(build_usbredir) || tell "libusbredirparser stays the distribution's"
fi
printf '%s\n' "$flags" >"$work/out/flags"
rm -rf "${result:?}"
mv "$work/out" "$result" || die 2 "cannot move the result to $result" "is another process building to the same place?"
tell "$(paste -sd, "$result/version") for $profile"
printf '%s\n' "$result"
