# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034 # names for those who source it
# Sourced by the scripts here: how they speak, where they stand, how they call make.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
script=${0##*/}

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
	red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' bold=$'\e[1m' plain=$'\e[0m' clear_line=$'\r\e[K'
else
	red='' green='' yellow='' bold='' plain='' clear_line=''
fi

say() { printf '%s\n' "$clear_line$*"; }
head_line() { say "$bold== $*$plain"; }
warn() { printf '%s\n' "$clear_line${yellow}$script: $*$plain" >&2; }

# die STATUS MESSAGE NEXT-STEP: every error says what to do next.
die() {
	printf '%s\n' "$clear_line$red$script: $2$plain" >&2
	[ $# -lt 3 ] || printf '%s\n' "  $3" >&2
	exit "$1"
}

# A line that overwrites itself on a terminal and is left out elsewhere.
progress() { [ -z "$clear_line" ] || printf '%s%s' "$clear_line" "$*"; }

# The comment block after the SPDX line is the script's --help.
show_help() { awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }
[ "${1:-}" != --help ] || { show_help; exit 0; }

jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}

# build GOAL..: quiet unless something is built; the compiler's own words when it fails. Goals come
# from the scripts only, so the command-line variables of the outer make (T, F, B, ...) do no harm.
build() {
	case " ${MAKEFLAGS:-} " in
	*" -j"* | *--jobserver*) "${MAKE:-make}" --no-print-directory "$@" ;;
	*) "${MAKE:-make}" --no-print-directory -j"$jobs" "$@" ;;
	esac || die 2 "building $* failed" "the compiler's message is above; WERROR=0 lets warnings pass"
}

# An engine from outside means a build machine of somebody else, who brings the tools.
need_setup() { [ -n "${LIB_FUZZING_ENGINE:-}" ] || toolchain/setup.sh || exit 2; }

# The libraries under test get the same sanitizers, if their source can be had; make takes what is there.
build_libraries() {
	local profile pid builds=() deps_flags=() state=0
	[ -z "${LIB_FUZZING_ENGINE:-}" ] && grep -qxE "libusb|redir" <<<"$1" || return 0
	case ${DEPS:-} in newest | fixed) deps_flags=("--$DEPS") ;; esac
	for profile in fuzz asan; do
		(trap - INT; exec toolchain/build-deps.sh --profile $profile "${deps_flags[@]}" >/dev/null) &
		builds+=($!)
	done
	for pid in "${builds[@]}"; do
		wait "$pid" || state=1
	done
	[ $state = 0 ] || warn "the libraries stay the distribution's: errors show in them, their coverage does not"
}

# STRICT=1: no finding of a library is passed by (GAUNTLET_STRICT) or shown as known (--strict).
strict=0
case ${STRICT:-0} in
0) ;;
1) strict=1; export GAUNTLET_STRICT=1 ;;
*) die 2 "STRICT='$STRICT' is neither 0 nor 1" "STRICT=1 makes known findings findings" ;;
esac
is_known() { [[ $1 == *', known: '* ]]; }

# A target is a folder with sources in it.
all_targets() { find targets -mindepth 2 -maxdepth 2 -name '*.c' 2>/dev/null | cut -d/ -f2 | LC_ALL=C sort -u; }
under() { printf '%s' "${1//-/_}"; }

# The targets to work on: T or all of them; an unknown name lists the known ones.
chosen_targets() {
	local known
	known=$(all_targets)
	[ -n "$known" ] || die 2 "there is no target" "each folder under targets/ is one"
	if [ -z "${T:-}" ]; then
		printf '%s\n' "$known"
	elif grep -qxF -- "$T" <<<"$known"; then
		printf '%s\n' "$T"
	else
		die 2 "there is no target '$T'" "targets: $(tr '\n' ' ' <<<"$known")"
	fi
}

# want_number NAME VALUE
want_number() {
	[[ $2 =~ ^[1-9][0-9]{0,6}$ ]] ||
		die 2 "$1='$2' is not a number of seconds" "for example $1=60"
}

# For every run of an engine: OSS-Fuzz's limits, and libFuzzer's length (a few seeds are longer; they are
# replayed whole by `make test`, and would make every mutation as long). Entropic's bookkeeping of feature frequencies costs
# more than an input itself does here, and so does writing a file for each input that could be
# shortened: merging does that for good. Ten mutations in a row rather than five, because the inputs of
# such a chain begin alike, and what is alike is played once.
# shellcheck disable=SC2034 # for those who source it
engine_flags=(-timeout=25 -rss_limit_mb=2560 -max_len=4096 -entropic=0 -reduce_inputs=0 -mutate_depth=10)

# A child that does not outlive us, even if we are killed with -9.
leashed() {
	if command -v setpriv >/dev/null; then exec setpriv --pdeathsig KILL -- "$@"; else exec "$@"; fi
}

# set_aside ARTIFACTS FOLDER..: an input that fails as it is loaded would end every further start of the
# engine. Such seeds, and such inputs of earlier runs, are findings already: remove them from the
# folders (copies all). True if there was one.
set_aside() {
	local artifacts=$1 hashes removed=1 hash file
	shift
	hashes=$(find "$artifacts" -type f -name '*-*' 2>/dev/null | sed 's/.*-//')
	[ -n "$hashes" ] || return 1
	while read -r hash file; do
		if grep -qxF -- "$hash" <<<"$hashes"; then
			rm -f -- "$file"
			removed=0
		fi
	done < <(find "$@" -type f -exec sha1sum {} + 2>/dev/null)
	return $removed
}
