#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Explains and replays one case: a program (.ops), hex (.hex) or the raw bytes an engine left.
#
#   toolchain/repro.sh [--target <target>] [--minimize | --verdict] <file>
#   F=<file> [T=<target>] [ON=emu|qemu] [STRICT=1] make repro
#   F=<file> [T=<target>] [SECS=600] make minimize
#
# ON=qemu shows the device of a program to a stock QEMU's usb-redir, see toolchain/redir-qemu.sh.
# Prints the readable trace, the symbolised stack if there is one, and the verdict line. Exit 1 if
# it reproduces, 0 if it is clean, 2 on bad input. GNU make turns every failure into its own 2:
# call this script where the exact status matters. --verdict prints that one line only. Without a
# target the tool guesses it from the file's folder. What corpus/known-findings has is shown as known;
# STRICT=1 does not look there.

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"

file=${F:-} target=${T:-} mode=repro
while [ $# -gt 0 ]; do
	case $1 in
	--target) target=${2:-}; shift ;;
	--minimize) mode=minimize ;;
	--verdict) mode=verdict ;;
	--) file=${2:-}; shift ;;
	-*) die 2 "unknown option '$1'" "try toolchain/repro.sh --help" ;;
	*) file=$1 ;;
	esac
	shift || die 2 "an option lacks its value" "try toolchain/repro.sh --help"
done
[ -n "$file" ] || die 2 "which file?" "for example: make repro F=corpus/xhci-ring/<seed>.ops"
[ -e "$file" ] || die 2 "$file: no such file" "paths are relative to the repository's top folder"
[ ! -d "$file" ] || die 2 "$file is a folder" "give one file in it"
if [ ! -f "$file" ] || [ ! -r "$file" ]; then
	die 2 "$file cannot be read" "it must be a readable ordinary file"
fi
case ${ON:-emu} in
emu) ;;
qemu) [ $mode = repro ] || [ $mode = verdict ] || die 2 "a case is not made smaller on QEMU" "minimize it with ON=emu" ;;
*) die 2 "ON=$ON: there is no such machine here" "ON=emu is the built-in one, ON=qemu a stock QEMU" ;;
esac
if [ -n "$target" ]; then
	all_targets | grep -qxF -- "$target" ||
		die 2 "there is no target '$target'" "targets: $(all_targets | tr '\n' ' ')"
fi
# A leading dash must not become an option of the tool.
case $file in -*) file=./$file ;; esac

if [ $mode = verdict ]; then
	[ -x build/asan/gauntlet ] || exit 0
else
	need_setup
	build build/asan/gauntlet >&2
fi
if [ "${ON:-emu}" = qemu ]; then
	[[ $file == *.ops ]] || die 2 "$file is not a program" "gauntlet decode makes one (.ops) of bytes"
	[ $mode = repro ] || set -- --verdict
	[ $mode = verdict ] || set --
	exec toolchain/redir-qemu.sh "$@" "$file"
fi
eval "$(toolchain/sanitizer-profile repro --env)"

args=()
[ -z "$target" ] || args+=(--target "$target")
[ $mode = minimize ] || [ $strict = 0 ] || args+=(--strict)
case $mode in
repro) exec build/asan/gauntlet repro "$file" ${args[@]+"${args[@]}"} ;;
minimize) exec build/asan/gauntlet minimize "$file" ${SECS:+--max-total-time "$SECS"} ${args[@]+"${args[@]}"} ;;
verdict)
	timeout 120 build/asan/gauntlet repro "$file" ${args[@]+"${args[@]}"} 2>&1 |
		grep -a -E '^(CLEAN|VIOLATED|CRASH|HANG|LEAK)( |$)' | tail -n 1
	;;
esac
