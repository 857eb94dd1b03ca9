# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by the get-*.sh scripts, after say.sh: fetches Debian packages of any suite and extracts
# them into a folder of our own, as anybody, without touching what is installed or known to apt.
# The packages come from the mirror that the host's apt uses, or from DEBIAN_MIRROR=<url>, and are
# verified with Debian's keyring (DEBIAN_KEYRING=<file> takes another).

# To stderr: stdout is for the result.
# shellcheck disable=SC2154 # say.sh sets script
tell() { printf '%s\n' "$script: $*" >&2; }

# quiet LOG COMMAND..: what it says is shown only if it fails, and without the mirror's name.
quiet() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return
	sed -E 's#https?://[^/ ]+#<mirror>#g' "$log" | tail -n 15 >&2
	die 2 "'$1 ${*: -1}' failed (its last lines are above)" "is the mirror reachable? DEBIAN_MIRROR=<url> names another"
}

# cache_folder GIVEN NAME: where results are kept; GIVEN if it is not empty.
cache_folder() { realpath -m -- "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/usb-gauntlet/$2}"; }

# one_at_a_time FOLDER: until this script ends no other makes the same folder.
one_at_a_time() {
	mkdir -p "$(dirname "$1")" || die 2 "cannot make $(dirname "$1")" "give another --prefix"
	exec 9>"$1.lock" || die 2 "cannot write $1.lock" "give another --prefix"
	flock -n 9 || { tell "waiting for another that fetches the same"; flock 9; }
}

# fetch_options NAME OPTION..: --prefix and --force, which is all that most of these scripts have. Sets prefix,
# by default NAME in the cache, and force.
fetch_options() {
	local name=$1
	shift
	prefix='' force=0
	while [ $# -gt 0 ]; do
		case $1 in
		--prefix) prefix=${2:-}; shift ;;
		--force)
			# shellcheck disable=SC2034 # is_there looks at it
			force=1
			;;
		*) die 2 "unknown option '$1'" "try toolchain/$script --help" ;;
		esac
		shift || die 2 "an option lacks its value" "try toolchain/$script --help"
	done
	prefix=$(cache_folder "$prefix" "$name")
}

# fetch_begin: alone, with a folder $new beside $prefix that goes with the script. The script ends here if is_there
# says that somebody else has made it meanwhile.
fetch_begin() {
	one_at_a_time "$prefix"
	! is_there || { printf '%s\n' "$prefix"; exit 0; }
	new=$prefix.new.$$
	trap 'rm -rf "$new"' EXIT
	trap 'exit 130' INT TERM
}

debian_mirror() {
	local found
	found=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
		awk '$1 == "URIs:" { url = $2 } $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) { url = $i; break } }
			url ~ /debian\/?$/ && url !~ /security/ { print url; exit }')
	printf '%s\n' "${DEBIAN_MIRROR:-${found:-http://deb.debian.org/debian}}"
}

# debian_open FOLDER SUITE..: an apt of its own in the folder, which knows these suites.
debian_open() {
	local keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg} need suite mirror
	apt=$1
	shift
	for need in apt-get dpkg-deb awk sed flock; do
		command -v $need >/dev/null || die 2 "there is no $need here" "this takes Debian or what derives from it"
	done
	[ "$(dpkg --print-architecture)" = amd64 ] || die 2 "only amd64 has been tried" "run it on such a machine"
	[ -r "$keyring" ] || die 2 "$keyring is missing" "apt-get install debian-archive-keyring, or set DEBIAN_KEYRING"
	mirror=$(debian_mirror)
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" || die 2 "cannot make $apt" "give another --prefix"
	: >"$apt/status"
	for suite; do
		echo "deb [signed-by=$keyring] $mirror $suite main"
	done >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-END
		Dir::State "$apt"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
		Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
		Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";
		APT::Architecture "amd64"; APT::Architectures { "amd64"; };
		APT::Install-Recommends "false"; APT::Sandbox::User ""; Debug::NoLocking "true";
		APT::Get::AllowUnauthenticated "false"; APT::Update::Error-Mode "any";
		Acquire::Languages "none"; Acquire::Retries "3";
		#clear APT::Update::Post-Invoke; #clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke; #clear DPkg::Pre-Install-Pkgs;
	END
	# A mirror that stands still serves lists whose dates are over; the signatures are checked all the same.
	printf '%s\n' 'Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";' >>"$apt/apt.conf"
	export APT_CONFIG=$apt/apt.conf LC_ALL=C DEBIAN_FRONTEND=noninteractive
	quiet "$apt/log" apt-get update
}

# debian_fetch PACKAGE[/SUITE]..: into the folder's debs/, without what they depend on.
debian_fetch() {
	mkdir -p "$apt/debs"
	(cd "$apt/debs" && quiet "$apt/log" apt-get download "$@") || exit 2
}

# debian_extract ROOT DEB..: as if they were installed there.
debian_extract() {
	local root=$1 deb
	shift
	mkdir -p "$root"
	for deb; do
		quiet "$apt/log" dpkg-deb -x "$deb" "$root"
	done
}
