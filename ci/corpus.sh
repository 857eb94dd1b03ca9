#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Turns the text seeds of corpus/<target>/ (.ops, .hex) into the bytes that engines read:
#   build/corpus/<target>/<seed>.bin and build/corpus/<target>_seed_corpus.zip,
# and writes the dictionary build/corpus/<target>.dict where the tool knows one.
#
#   ci/corpus.sh [--out <folder>] [--quiet]
#
# --out also puts the zips and dictionaries there under the names OSS-Fuzz looks for. T=<target>
# does one target. Does nothing for a target whose seeds and tool have not changed.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"

out='' quiet=0
while [ $# -gt 0 ]; do
	case $1 in
	--out) out=${2:?--out wants a folder}; shift ;;
	--quiet) quiet=1 ;;
	*) die 2 "unknown option '$1'" "try ci/corpus.sh --help" ;;
	esac
	shift
done

need_setup
# The tool is ours alone: another engine's or sanitizer's flags are not for it.
if [ -n "${LIB_FUZZING_ENGINE:-}" ]; then
	build build/asan/gauntlet CFLAGS= LIB_FUZZING_ENGINE=
else
	build build/asan/gauntlet
fi
tool=build/asan/gauntlet
mkdir -p build/corpus
chosen=$(chosen_targets) || exit

for t in $chosen; do
	from=corpus/$t to=build/corpus/$t zip=build/corpus/${t}_seed_corpus.zip
	mkdir -p "$to"
	if [ -d "$from" ] && { [ ! -e "$zip" ] || [ "$tool" -nt "$zip" ] ||
		[ -n "$(find "$from" -newer "$zip" -print -quit)" ]; }; then
		rm -rf "$to.new"
		mkdir -p "$to.new"
		$tool encode --dir "$from" -o "$to.new" >"$to.log" 2>&1 || {
			cat "$to.log" >&2
			die 1 "a seed in $from/ cannot be encoded" "the line above names file and place"
		}
		rm -rf "$to"
		mv "$to.new" "$to"
		rm -f "$zip" "$zip.new"
		# An empty archive is an error to zip, an empty corpus is none to us.
		if [ -n "$(ls -A "$to")" ]; then
			(cd "$to" && find . -type f | LC_ALL=C sort | zip -q -X -@ "../${zip##*/}.new") ||
				die 1 "cannot write $zip" "is the disk full?"
			mv "$zip.new" "$zip"
		else
			warn "corpus/$t/ holds no seed"
		fi
	fi
	# The program language has a dictionary; descriptors are plain bytes.
	if { [ "$t" = xhci-ring ] || [ "$t" = device ]; } && [ ! "build/corpus/$t.dict" -nt "$tool" ]; then
		$tool dict >"build/corpus/$t.dict.new" || die 1 "'$tool dict' failed" "run it to see why"
		mv "build/corpus/$t.dict.new" "build/corpus/$t.dict"
	fi
	[ $quiet = 1 ] || say "corpus/$t: $(find "$to" -type f | wc -l) seeds in $to/"
	if [ -n "$out" ]; then
		mkdir -p "$out"
		[ ! -e "$zip" ] || cp "$zip" "$out/$(under "$t")_fuzzer_seed_corpus.zip"
		[ ! -e "build/corpus/$t.dict" ] || cp "build/corpus/$t.dict" "$out/$(under "$t")_fuzzer.dict"
	fi
done
