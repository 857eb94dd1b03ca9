#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Looks for uses of memory that nobody wrote: replays the whole corpus under MemorySanitizer (clang) and under
# valgrind (gcc's plain build, leaks included). One line for each folder, "ok" or "FAILED"; exit 1 on failure.
#
#   [T=<target>] [ONLY=msan|valgrind] [CORPUS=<folder with a folder for each target>] ci/memcheck.sh
#
# Left out: the targets libusb and redir under MemorySanitizer. libudev and libusbredirparser are the distribution's:
# what they write, and what they call us with, would look unwritten. Valgrind sees what all libraries do, so there
# they run.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
chosen=$(chosen_targets) || exit
need_setup
corpus=${CORPUS:-build/corpus} log=build/memcheck.log
failed=0
case ${ONLY:-} in
'' | msan | valgrind) ;;
*) die 2 "ONLY='$ONLY' is neither msan nor valgrind" "leave it out for both" ;;
esac

# replay NAME FOLDER COMMAND..: all files in one process, one by one only if that fails.
replay() {
	local name=$1 folder=$2 n file
	shift 2
	n=$(find "$folder" -type f 2>/dev/null | wc -l)
	[ "$n" != 0 ] || { say "${red}FAILED$plain $name: no file in $folder"; failed=$((failed + 1)); return; }
	progress "$name: $n files"
	if { timeout 1800 "$@" "$folder"; } >"$log" 2>&1; then
		say "${green}ok$plain $name: $n files"
		return
	fi
	failed=$((failed + 1))
	while read -r file; do
		progress "$name: $file"
		{ timeout 120 "$@" "$file"; } >"$log.one" 2>&1 && continue
		say "${red}FAILED$plain $name: $file"
		grep -aE '^==|WARNING|SUMMARY|    #' "$log.one" | head -n 40
		return
	done < <(find "$folder" -type f | LC_ALL=C sort)
	say "${red}FAILED$plain $name: each file alone is clean, all together are not; see $log"
	tail -n 30 "$log"
}

for t in $chosen; do
	program=$(under "$t")_replay
	if [ "${ONLY:-}" != valgrind ] && [ "$t" != libusb ] && [ "$t" != redir ]; then
		build "build/msan/$program"
		T=$t ci/corpus.sh --quiet || exit 1
		MSAN_OPTIONS=halt_on_error=1:exit_code=86 \
			replay "MemorySanitizer $t" "$corpus/$t" "build/msan/$program"
	fi
	if [ "${ONLY:-}" != msan ]; then
		command -v valgrind >/dev/null || die 2 "there is no valgrind" "apt-get install valgrind, or ONLY=msan"
		build "build/plain/$program"
		T=$t ci/corpus.sh --quiet || exit 1
		replay "valgrind $t" "$corpus/$t" valgrind -q --error-exitcode=86 --leak-check=full \
			--errors-for-leak-kinds=definite,possible "build/plain/$program"
	fi
done
[ $failed = 0 ]
