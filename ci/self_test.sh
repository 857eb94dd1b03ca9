#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Proves that the gates can fail: on copies of ci/trial/, a tiny tree, a fault is planted and the gate
# must reject it; without the fault it must pass. One line for each, "ok" or "FAILED"; exit 1 on
# failure.
#
#   ci/self_test.sh [<part of a name>]

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
only=${1:-}
unset MAKEFLAGS MFLAGS MAKELEVEL T F B SECS OUT EMPTY V WERROR UNIT ON ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS
unset STRICT GAUNTLET_STRICT CFLAGS CXXFLAGS LIB_FUZZING_ENGINE
top=$PWD
dir=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$dir"' EXIT
failed=0

# A fresh tree in $dir/tree; objects of the clean one are kept with their times.
fresh() {
	rm -rf "$dir/tree"
	cp -a "$dir/clean" "$dir/tree"
	cd "$dir/tree" || exit 2
}
mkdir "$dir/clean"
cp -a ci/trial/. "$dir/clean/"
cp -a Makefile toolchain ci .clang-format .clang-tidy .shellcheckrc "$dir/clean/"
rm -rf "$dir/clean/ci/trial"
cp harness/base.h "$dir/clean/harness/"
clang-format -i "$dir/clean/harness/base.h"

# expect NAME STATUS PATTERN COMMAND..: the command ends with this status and says this.
expect() {
	local name=$1 status=$2 pattern=$3 got
	shift 3
	[[ $name == *"$only"* ]] || return 0
	progress "$name"
	"$@" >"$dir/out" 2>&1 </dev/null
	got=$?
	if [ $got = "$status" ] && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$dir/out"; }; then
		say "ok $name"
	else
		say "FAILED $name: exit $got instead of $status, or '$pattern' not said"
		tail -n 30 "$dir/out"
		failed=$((failed + 1))
	fi
}

# --- the static gates ------------------------------------------------------------------------
fresh
expect 'clean tree: static checks pass' 0 'include layers' ci/check.sh --static
expect 'clean tree: layers pass' 0 '' ci/layers.sh

mkdir harness/xhci && printf '// SPDX-License-Identifier: MIT\nint xhci_ring_length;\n' >harness/xhci/ring.h
sed -i '2i #include "xhci/ring.h"' harness/usb/magic.c
expect 'layers: usb may not include xhci' 1 'usb must not know xhci/ring.h' ci/layers.sh
fresh
mkdir harness/newfolder && printf '#include "usb/magic.h"\n' >harness/newfolder/thing.c
expect 'layers: a folder outside the table may include nothing' 1 'newfolder must not know' ci/layers.sh
fresh
sed -i '2i #include "magic.h"' harness/usb/magic.c
expect 'layers: a header is named with its folder' 1 'name it with its folder' ci/layers.sh
mkdir harness/op && printf '#include "xhci/abi.h"\n#include "xhci/xhci.h"\n' >harness/op/drive.c
expect 'layers: a row may allow one header and not its folder' 1 'op must not know xhci/xhci.h' ci/layers.sh
expect 'layers: the header it allows is not complained of' 0 '^0$' bash -c 'ci/layers.sh | grep -c "abi.h"; true'

fresh
printf 'int   usb_spread( int a ){return a;}\n' >>harness/usb/magic.c
expect 'check: a badly formatted file' 1 'failed.* format' ci/check.sh --static
fresh
yes '/* line */' | head -n 400 >>harness/usb/magic.c
expect 'check: a file of more than 400 lines' 1 'magic.c: 4[0-9][0-9] lines' ci/check.sh --static
fresh
sed -i '1d' harness/usb/magic.h
expect 'check: a file without a licence line' 1 'failed.* licence' ci/check.sh --static
fresh
sed -i 's|^\treturn data\[1\].*|\tabort();|' harness/usb/magic.c
expect 'check: abort in a path that data reaches' 1 'failed.* no assert or abort' ci/check.sh --static
fresh
printf 'cat %s\n' '$''1' >>ci/say.sh
expect 'check: a careless shell script' 1 'SC2086|skipped.*shell' ci/check.sh --static

# --- builds ----------------------------------------------------------------------------------
(cd "$dir/clean" && make -j2 built-asan built-asan-tests built-fuzz built-plain built-plain-tests) >"$dir/out" 2>&1 ||
	{ cat "$dir/out"; die 1 "the trial tree does not build" "its message is above"; }
fresh
expect 'make: nothing to do means nothing is compiled' 0 '^0$' \
	sh -c 'make built-asan built-fuzz | grep -c "CC\|LD"; true'
printf '\n' >>harness/usb/magic.h
expect 'make: a changed header recompiles what includes it' 0 'CC .*build/asan/harness/usb/magic.o' make built-asan
expect 'make: changed flags recompile' 0 'CC .*build/asan/harness/usb/magic.o' make built-asan CFLAGS=-DTRIAL
printf 'static int unused_thing;\n' >>harness/usb/magic.c
expect 'make: a warning is an error' 2 'unused' make built-asan
expect 'make: WERROR=0 lets it pass' 0 'unused' make built-asan WERROR=0
fresh
expect 'make: an engine from outside brings its own flags' 0 '"?-fsanitize=fuzzer' \
	make -n -B build/fuzz/trial_fuzzer LIB_FUZZING_ENGINE=-fsanitize=fuzzer CFLAGS=-O1

# --- tests -----------------------------------------------------------------------------------
fresh
expect 'test: a clean tree passes and says so in its last line' 0 '^[0-9]+ passed, 0 failed$' \
	ci/test.sh unit corpus determinism vacuity
sed -i "s/'?'/'!'/" harness/usb/magic.c
expect 'test: a failing unit test' 1 '^[0-9]+ passed, 2 failed$' ci/test.sh unit
fresh
printf 'USB?' >corpus/trial/bad.hex
expect 'test: a corpus file that crashes its target is named' 1 'FAILED.*bad.bin' ci/test.sh corpus
expect 'test: a suite that is not there' 2 'there is no suite' ci/test.sh nosuch
fresh
sed -i 's/!strcmp(argv\[1\], "vacuity")/0/' harness/main.c
expect 'test: a tool that fails the vacuity gate' 1 ' 1 failed$' ci/test.sh vacuity

# --- readers of sources --------------------------------------------------------------------------
fresh
: >ci/analyze-explained
expect 'analyze: a clean tree passes' 0 'ok cppcheck' ci/analyze.sh harness/usb/magic.c
sed -i '/^bool usb_magic_check/,/^{/ s|^{|{\n\tuint8_t *p = malloc(8);\n\n\tif (!p \|\| len > 8)\n\t\treturn false;\n\tmemcpy(p, data, len);\n\tif (p[0] == 3)\n\t\treturn true;\n\tfree(p);|' harness/usb/magic.c
expect 'analyze: gcc sees a leak' 1 'magic.c:.*Wanalyzer-malloc-leak' env ONLY=gcc ci/analyze.sh harness/usb/magic.c
expect 'analyze: clang-tidy sees it' 1 'magic.c:.*clang-analyzer-unix.Malloc' env ONLY=clang-tidy ci/analyze.sh harness/usb/magic.c
cp harness/usb/magic.c "$dir/leaks.c"
printf 'int usb_past(void)\n{\n\tint a[2] = {1, 2};\n\n\treturn a[2];\n}\n' >>harness/usb/magic.c
expect 'analyze: cppcheck sees an index past the end' 1 'magic.c:.*arrayIndexOutOfBounds' env ONLY=cppcheck ci/analyze.sh harness/usb/magic.c
cp "$dir/leaks.c" harness/usb/magic.c
printf 'harness/usb/magic.c -Wanalyzer-malloc-leak on purpose\n' >ci/analyze-explained
expect 'analyze: what is answered passes' 0 'ok gcc' env ONLY=gcc ci/analyze.sh harness/usb/magic.c
cp "$dir/clean/harness/usb/magic.c" harness/usb/magic.c
expect 'analyze: an answer to nothing' 1 'malloc-leak: a line of .* answers nothing' env ONLY=gcc ci/analyze.sh

# --- memory that nobody wrote ------------------------------------------------------------------
fresh
expect 'memcheck: a clean tree passes, by both' 0 'ok MemorySanitizer trial' ci/memcheck.sh
sed -i '/^bool usb_magic_check/,/^{/ s|^{|{\n\tuint8_t *volatile p = malloc(8);\n\tif (p[3] == 7)\n\t\tputs("seven");\n\tfree(p);|' harness/usb/magic.c
expect 'memcheck: MemorySanitizer sees a branch on it' 1 'FAILED MemorySanitizer trial: .*hello' env ONLY=msan ci/memcheck.sh
expect 'memcheck: valgrind sees a branch on it' 1 'FAILED valgrind trial: .*hello' env ONLY=valgrind ci/memcheck.sh
sed -i '/^\tfree(p);/d; s/p\[3\] == 7/!p/' harness/usb/magic.c
expect 'memcheck: valgrind sees a leak' 1 'FAILED valgrind trial: .*hello' env ONLY=valgrind ci/memcheck.sh

# --- coverage --------------------------------------------------------------------------------
fresh
for word in USB V123 UT12 USC1 USB1; do printf %s $word >corpus/trial/$word.hex; done
expect 'cov: a corpus that reaches enough passes' 0 'under test +100.0 % .* 90.0 %' ci/cov.sh
mkdir kept && mv corpus/trial/U[ST][C1]*.hex kept
expect 'cov: all lines, too few branches' 1 'below 92 % of lines or 85 % of branches' ci/cov.sh
expect 'cov: a single target has no floor' 0 'under test +100.0 % .* 70.0 %' env T=trial ci/cov.sh
mv kept/* corpus/trial
sed -i '$a int usb_magic_unreached(void)\n{\n\treturn 3;\n}' harness/usb/magic.c
expect 'cov: all branches, too few lines' 1 'below 92 % of lines or 85 % of branches' env WERROR=0 ci/cov.sh

# --- features --------------------------------------------------------------------------------
fresh
row='| 1.1.1 | P0 | Magic |'
printf '%s %s |\n' "$row" 'usb/magic_test:magic_of_four_bytes_is_seen trial/hello' >FEATURES.md
expect 'features: rows with their proofs pass' 0 '^1 rows, 0 of them open, 0 wrong' ci/features.sh
rm corpus/trial/hello.hex
expect 'features: a row whose seed is gone' 1 "proof 'trial/hello' is not there" ci/test.sh features
printf '%s usb/magic_test:nobody_wrote_this |\n' "$row" >FEATURES.md
expect 'features: a row whose test is gone' 1 "nobody_wrote_this' is not there" ci/features.sh
printf '%s |\n' "$row" >FEATURES.md
expect 'features: a row that names nothing' 1 'names no proof' ci/features.sh
printf '%s open |\n%s open |\n' "$row" "$row" >FEATURES.md
expect 'features: a number that comes twice' 1 'the number is taken' ci/features.sh
printf '%s open |\n' "$row" >FEATURES.md
expect 'features: an open row of tier P0' 1 'row 1.1.1: it is open: P0, Magic' ci/test.sh features
printf '%s open |\n' "${row/P0/X S}" >FEATURES.md
expect 'features: an open row of tier S' 1 '^1 rows, 1 of them open, 1 wrong' ci/features.sh
printf '%s open |\n' "${row/P0/X}" >FEATURES.md
expect 'features: an open row of tier X is listed' 0 '1.1.1 X: Magic' ci/features.sh

# --- calls of libraries ----------------------------------------------------------------------
fresh
sed -i '2i #include <libusb-1.0/libusb.h>' targets/trial/target.c
sed -i 's|^\tif (usb_magic_check|\tif (libusb_get_version()->major != 1 \|\| (size > 100 \&\& libusb_error_name(-1)))\n\t\tabort();\n&|' \
	targets/trial/target.c
printf '# facts\nlibusb_get_version host\n' >ci/calls-of-qemu
expect 'calls: what the corpus reaches passes' 0 '^libusb_get_version +host +corpus' ci/calls.sh
expect 'calls: all of it' 0 '^1 functions, 1 reached' ci/calls.sh
printf 'libusb_error_name host\n' >>ci/calls-of-qemu
expect 'calls: one that is there and is not reached' 1 'nothing reaches libusb_error_name' ci/test.sh calls
printf 'libusb_get_version host\nlibusb_fill_bulk_transfer host inline\n' >ci/calls-of-qemu
expect 'calls: an inline one that nobody calls' 1 'nothing reaches libusb_fill_bulk_transfer' ci/calls.sh
printf '# facts\n' >ci/calls-of-qemu
expect 'calls: a list without rows' 2 'has no rows' ci/calls.sh
fresh

# --- historical bugs -------------------------------------------------------------------------
# history_row SEED PATTERN..
history_row() {
	local seed=$1 patterns
	shift
	patterns=$(printf '\140%s\140 ' "$@")
	printf '| A01 | magic | %s | %s |\n' "$seed" "${patterns/\`\` /}" >corpus/bugs/README.md
}
fresh
history_row trial/hello CLEAN
expect 'history: an entry with its seed passes' 0 '^ok A01 trial/hello' env ENTRIES=1 ci/history.sh
expect 'history: an entry without a row' 1 'A02: .* has no row' env ENTRIES=2 ci/history.sh
history_row trial/hello CLEAN VIOLATED
expect 'history: a seed that no longer gets there' 1 "gets there: 'VIOLATED'" env ENTRIES=1 ci/history.sh
history_row trial/hello ''
expect 'history: a row that says nothing of its trace' 1 'nothing says' env ENTRIES=1 ci/history.sh
printf 'USB?' >corpus/trial/bad.hex
history_row trial/bad CLEAN
expect 'history: a seed that is not clean' 1 'is not clean: VIOLATED' env ENTRIES=1 ci/history.sh
history_row trial/nosuch CLEAN
expect 'history: a seed that is gone' 1 "'trial/nosuch' is not there" env ENTRIES=1 ci/history.sh

# --- fuzzing ---------------------------------------------------------------------------------
fresh
sed -i "s/ && data\[2\] == 'B' && data\[3\] == '?'//" harness/usb/magic.c
expect 'fuzz: a finding makes it exit 1 and is in the table' 1 'trial .* [1-9][0-9]*$' \
	env SECS=3 FINDINGS_MAX=1 ci/fuzz.sh
expect 'fuzz: the finding comes with its verdict' 1 'VIOLATED USB2 9.9' env SECS=3 FINDINGS_MAX=1 ci/fuzz.sh
expect 'nightly: a new finding makes it exit 1' 1 '1 new findings, 0 known' env SECS=2 ci/nightly.sh
expect 'nightly: it is known the next night' 0 '0 new findings, 1 known' env SECS=2 ci/nightly.sh
fresh
printf 'USB?' >corpus/trial/bad.hex
expect 'fuzz: a seed that fails is a finding and the rest goes on' 1 'trial +[0-9]{4,} .* [1-9][0-9]*$' env SECS=3 ci/fuzz.sh
expect 'nightly: a seed that fails is a finding and the rest goes on' 1 '^\| trial \| 2 \| [0-9]{4,}' env SECS=3 ci/nightly.sh
fresh
expect 'nightly: what is no program is not saved on the way' 1 '^0$' sh -c 'SECS=2 ci/nightly.sh | grep -c saved'
printf '// #include "../program.h"\n' >>targets/trial/target.c
expect 'nightly: a program is' 0 'trial: 3 of 3 cases' sh -c 'OUT=build/night2 SECS=2 ci/nightly.sh; true'
expect 'nightly: what goes on otherwise is one' 1 'trial . 1 .* goes on as saved' env OUT=build/night3 FORGETS=1 SECS=2 ci/nightly.sh
# --- seeds of recordings ---------------------------------------------------------------------
fresh
mkdir "$dir/sysfs" "$dir/none"
printf '\22\1\0\2\0\0\0\100\1\0\2\0\0\1\0\0\0\1\11\2\22\0\1\1\0\200\62\11\4\0\0\0\377\0\0\0' >"$dir/sysfs/one"
cp "$dir/sysfs/one" "$dir/sysfs/two"
import=(env T=trial "GAUNTLET=$top/build/asan/gauntlet" ci/import.sh -o "$dir/seeds")
expect 'import: of two alike one is new' 0 '^1 new of 2' "${import[@]}" --beside "$dir/none" "$dir"/sysfs/*
expect 'import: it has a name' 0 '^12 01 00 02' cat "$dir/seeds/one-0001-0002.hex"
expect 'import: what the seeds reach already is known' 0 '^known two-0001-0002.hex: it reaches nothing new' \
	"${import[@]}" --beside "$dir/sysfs" "$dir/sysfs/two"
expect 'import: what is no recording' 1 'no device descriptor' "${import[@]}" --beside "$dir/none" ci/import.sh
# --- known findings --------------------------------------------------------------------------
fresh
sed -i "s/ && data\[2\] == 'B' && data\[3\] == '?'//" harness/usb/magic.c
printf '00aa11bb trial 1 CVE-0000-0000\n' >corpus/known-findings
expect 'known: fuzzing shows it and goes on to the end' 0 'known: CVE-0000-0000' env SECS=3 FINDINGS_MAX=1 ci/fuzz.sh
# It is found again, be it with the same input, which makes no second file.
expect 'known: it does not use up the findings' 0 '^([2-9]|[0-9]{2,})$' \
	env SECS=10 FINDINGS_MAX=1 sh -c 'ci/fuzz.sh | grep -c ERROR:'
expect 'known: fuzzing fails by it if STRICT=1' 1 '1 finding' env STRICT=1 SECS=3 FINDINGS_MAX=1 ci/fuzz.sh
expect 'known: a night is not failed by it' 0 '0 new findings, 1 known' env SECS=2 ci/nightly.sh
expect 'known: the report has its reference' 0 '\| known \| .00aa11bb. .* CVE-0000-0000' env SECS=2 ci/nightly.sh
expect 'known: a night fails by it if STRICT=1' 1 '1 new findings, 0 known' env STRICT=1 SECS=2 ci/nightly.sh
printf '00aa11bc trial 1 CVE-0000-0000\n' >corpus/known-findings
expect 'known: the list of another bucket hides nothing' 1 '1 finding' env SECS=3 FINDINGS_MAX=1 ci/fuzz.sh
expect 'known: STRICT must be 0 or 1' 2 'neither 0 nor 1' env STRICT=yes ci/fuzz.sh
fresh
sed -i "s/'?'/300/; s/const uint8_t \*data, size_t len)/const uint8_t *data, size_t len) \/\/ never/" harness/usb/magic.c
expect 'fuzz: no finding means exit 0' 0 'no findings' env WERROR=0 SECS=1 ci/fuzz.sh
expect 'fuzz: an unknown target is refused with the list' 2 'targets: trial' env T=nosuch ci/fuzz.sh
expect 'fuzz: SECS must be a number' 2 'not a number' env SECS=soon ci/fuzz.sh

# --- repro and bugs --------------------------------------------------------------------------
fresh
printf 'USB?' >"$dir/a case; of 'two words'.bin"
expect 'repro: exit 1 when it reproduces' 1 '^VIOLATED' toolchain/repro.sh "$dir/a case; of 'two words'.bin"
expect 'repro: make hands any file name on' 2 '^VIOLATED' make repro "F=$dir/a case; of 'two words'.bin"
expect 'repro: exit 0 when clean' 0 '^CLEAN$' toolchain/repro.sh corpus/trial/hello.hex
expect 'repro: a missing file is bad input' 2 'no such file' toolchain/repro.sh nosuch
expect 'repro: a folder is bad input' 2 'is a folder' toolchain/repro.sh corpus
expect 'bugs: a planted bug is as stated' 0 'ok.* T00-magic' ci/bugs.sh
expect 'bugs: it is found from an empty corpus' 0 'found from nothing in' env SECS=60 ci/bugs.sh
sed -i 's/^Verdict: .*/Verdict: ^HANG/' corpus/bugs/T00-magic/README.md
expect 'bugs: another verdict than stated' 1 'FAILED.* says .VIOLATED' ci/bugs.sh
fresh
sed -i "s/data\[2\] == 'B'/data[2] == 'b'/" harness/usb/magic.c
expect 'bugs: a patch that does not apply' 1 'does not apply' ci/bugs.sh
fresh
sed -i "s/'?'/'!'/" harness/usb/magic.c
sed -i "s/'?'/'!'/; /^-/s/'!'/'!' \&\& 1/" corpus/bugs/T00-magic/bug.patch
cp harness/usb/magic.c "$dir/magic.c" && sed -i "s/'!'/'!' \&\& 1/" harness/usb/magic.c
expect 'bugs: our own build must be clean' 1 'our own build is not clean' ci/bugs.sh

# --- sanitizer profiles, on really built programs --------------------------------------------
cd "$top" || exit 2
profile=$top/toolchain/sanitizer-profile
cat >"$dir/p.c" <<'END'
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	char *volatile p = malloc(8);
	volatile int shift = 20 + argc;
	if (argc > 1)
		memset(p, 1, strlen(argv[1]));
	p[argc] = (char)(1 << shift);
	free(p);
	return 0;
}
END
make_program() {
	local out=$dir/$1
	shift
	"$@" -g -o "$out" "$dir/p.c" || die 1 "the trial programs do not build" "the compiler's message is above"
}
cc=${CC:-clang}
make_program plain "$cc"
make_program strict "$cc" -fsanitize=address,undefined -fno-sanitize-recover=all
make_program recover "$cc" -fsanitize=address -fsanitize-recover=address
make_program lenient "$cc" -fsanitize=address,undefined
make_program gcc-strict gcc -fsanitize=address
make_program gcc-recover gcc -fsanitize=address -fsanitize-recover=address

expect 'profile vm: to the letter' 0 '^halt_on_error=0:disable_coredump=0:unmap_shadow_on_exit=1:abort_on_error=1:detect_leaks=1:malloc_context_size=15:log_path=/data/asan/asan\.log$' \
	"$profile" vm --log-path /data/asan/asan.log
for set in $("$profile" --list); do
	expect "profile $set: the sanitizer accepts its options" 0 '^rc 0$' bash -c \
		"cd '$dir'; eval \"\$('$profile' $set --env)\"; ./strict; echo rc \$?; cat asan.log.* survey.log.* 2>/dev/null | grep -i 'unknown\|invalid' && exit 9; exit 0"
	expect "profile $set: each flag is explained" 0 '^0$' bash -c "'$profile' $set --explain | grep -c 'not in this list'; true"
done
expect 'profile: halt_on_error=0 without recover really exits 0 after an error' 0 'heap-buffer-overflow' \
	env ASAN_OPTIONS=halt_on_error=0 "$dir/strict" aaaaaaaaaaaaaaaa
for program in strict gcc-strict; do
	expect "profile: warns of halt_on_error=0 without recover ($program)" 1 'without -fsanitize-recover=address' \
		"$profile" --options halt_on_error=0:handle_abort=1 --check "$dir/$program"
done
for program in recover gcc-recover; do
	expect "profile: warns that errors leave exit 0 ($program)" 1 'do not change the exit status' \
		"$profile" --options halt_on_error=0:handle_abort=1 --check "$dir/$program"
done
expect 'profile: warns of a program without ASan' 1 'no AddressSanitizer' "$profile" ci --check "$dir/plain"
expect 'profile: warns of UBSan that recovers' 1 'UBSan was built to recover' "$profile" survey --check "$dir/lenient"
expect 'profile: warns that log_path empties stderr' 1 'stderr stays empty' "$profile" repro --log-path x --check "$dir/strict"
expect 'profile: warns of a core file of terabytes' 1 'terabytes' \
	"$profile" --options use_madv_dontdump=0:disable_coredump=0:handle_abort=1 --check "$dir/strict"
expect 'profile: warns of no core file' 1 'leaves no core file' \
	"$profile" --options abort_on_error=1:handle_abort=1 --check "$dir/strict"
expect 'profile: warns of silent abort' 1 'handle_abort=0' "$profile" --options halt_on_error=1 --check "$dir/strict"
expect 'profile: warns of ulimit -v' 1 'cannot reserve' \
	bash -c "ulimit -v 4000000; '$profile' ci --check '$dir/strict'"
expect 'profile: warns of leak detection under a tracer' 1 'LeakSanitizer needs ptrace' \
	python3 ci/traced.py "$profile" ci --check "$dir/strict"
[ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)" -gt 28 ] ||
	expect 'profile: has nothing to say of a sound combination' 0 'nothing known to mislead' "$profile" ci --check "$dir/strict"
expect 'profile: an unknown set is refused' 2 'there is no set' "$profile" nosuch

# --- captures of real devices ------------------------------------------------------------------
build build/asan/gauntlet
tool=build/asan/gauntlet
mkdir -p "$dir/captures/one"
printf 'plug port=1 model=keyboard speed=high\nenumerate port=1\n' >"$dir/keyboard.ops"
$tool repro "$dir/keyboard.ops" --pcap "$dir/captures/one/usb.pcap" >"$dir/out" 2>&1 ||
	die 1 "a keyboard is not clean" "$(tail -n 1 "$dir/out")"
known_device() { printf 'P: /devices/usb\nN: bus/usb/001/002\nE: DEVTYPE=usb_device\nH: descriptors=%s\n\n' "$1" >"$dir/captures/one/device"; }
hex=$($tool import "$dir/captures/one/usb.pcap" | grep -v '^#' | tr -d ' \n' | tr a-f A-F)
known_device "${hex:0:104}"
expect 'captures: one with the device that is known' 0 '^ok one/usb.pcap' ci/captures.sh "$dir/captures"
known_device "${hex:0:64}FF${hex:66:38}"
expect 'captures: the device is known otherwise' 1 'FAILED one/usb.pcap: device 0 is not that of' ci/captures.sh "$dir/captures"
rm "$dir/captures/one/device"
head -c 200 "$dir/captures/one/usb.pcap" >"$dir/captures/one/cut.pcap"
expect 'captures: one without a device' 1 'FAILED one/cut.pcap: .*no device descriptor' ci/captures.sh "$dir/captures"
rm "$dir/captures/one/"*
expect 'captures: there are none' 2 'there are no captures' ci/captures.sh "$dir/captures"
# A recording that umockdev plays, beside descriptors that are not its device's. Fetched ones: ours are not Linux's.
if [ "${VM:-1}" != 0 ] && folder=$(toolchain/get-captures.sh 2>/dev/null); then
	cp -r "$folder/aes2501" "$dir/captures/"
	expect 'umockdev: a device as it was recorded' 0 '^ok aes2501' ci/umockdev.sh "$dir/captures"
	sed -i 's/^\(H: descriptors=12011001FFFFFF\)08/\140/' "$dir/captures/aes2501/device"
	expect 'umockdev: the device is known otherwise' 1 'FAILED aes2501' ci/umockdev.sh "$dir/captures"
	rm -r "$dir/captures/aes2501"
fi
expect 'umockdev: there are none' 2 'nothing in .* that could be played' ci/umockdev.sh "$dir/captures"

# --- real guests -----------------------------------------------------------------------------
gate=toolchain/guest/dmesg-gate
said() { printf 'guest: log %s %s\n' "$@" >"$dir/console"; }
said disk '<6>[    1.0] usb 1-1: new high-speed USB device number 2 using xhci_hcd'
expect 'dmesg-gate: information passes' 0 '^$' bash -c "$gate '$dir/console'; echo"
said disk '<4>[    1.0] xhci_hcd 0000:01:00.0: WARN Event TRB for slot 1 ep 2 with no TDs queued?'
expect 'dmesg-gate: a warning does not' 1 'disk: <4>.*no TDs queued' $gate "$dir/console"
said disk '<6>[    1.0] usb 1-1: reset high-speed USB device number 2 using xhci_hcd'
expect 'dmesg-gate: a retry that is told as information does not' 1 'disk: .*reset high-speed' $gate "$dir/console"
said yank '<3>[    1.0] I/O error, dev sda, sector 74752 op 0x0:(READ) flags 0x80700 phys_seg 3 prio class 2'
expect 'dmesg-gate: what the list explains passes' 0 '^$' bash -c "$gate '$dir/console'; echo"
said disk '<3>[    1.0] I/O error, dev sda, sector 74752 op 0x0:(READ) flags 0x80700 phys_seg 3 prio class 2'
expect 'dmesg-gate: in that part only' 1 'disk: .*I/O error' $gate "$dir/console"
expect 'vm-boot: an unknown part is refused with the list' 2 'parts: .*enumerate' toolchain/vm-boot.sh --parts nosuch
expect 'vm-firmware: an unknown firmware is refused' 2 'which firmware' toolchain/vm-firmware.sh nosuch

# --- set-up ----------------------------------------------------------------------------------
mkdir "$dir/bin"
for tool in sh sed awk tr id mktemp rm tail; do ln -s "$(command -v $tool)" "$dir/bin/$tool"; done
expect 'setup: silent when nothing is missing' 0 '^$' sh -c 'toolchain/setup.sh; echo'
expect 'setup: says what is missing' 1 'missing: .*clang' env PATH="$dir/bin" toolchain/setup.sh --check
expect 'setup: gives up clearly without a package manager' 1 'Install by hand' env PATH="$dir/bin" toolchain/setup.sh

# --- a VM under sanitizers -------------------------------------------------------------------------
if [ -z "$only" ]; then
	(cd "$top" && toolchain/asan-vm-test.sh) || failed=$((failed + 1))
fi

[ $failed = 0 ]
