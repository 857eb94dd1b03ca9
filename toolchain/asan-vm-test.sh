#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does asan-vm see what it must see? One line for each test, "ok" or "FAILED"; exit 1 on failure.
#
#   toolchain/asan-vm-test.sh [--long | --qemu | --bundle] [<part of a name>]
#
# The short form takes seconds: small programs with planted faults stand in for QEMU, and command lines
# as qm and virsh print them (toolchain/vm/trial) are only shown. --long boots the demonstration twice:
# as it is, and with a historical bug of the controller brought back. --qemu builds QEMU with ASan and
# boots it with 12 redirection ports. --bundle packs that and runs it in a fresh Debian without a
# compiler (as root, with debootstrap).

# shellcheck source=../ci/say.sh
. "$(dirname "$0")/../ci/say.sh"
form=short
case ${1:-} in
--long | --qemu | --bundle) form=${1#--}; shift ;;
esac
only=${1:-}
unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS MAKEFLAGS MFLAGS MAKELEVEL
dir=$(mktemp -d) || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
trap 'rm -rf "$dir"' EXIT
failed=0

# expect NAME STATUS PATTERN COMMAND..: the command ends with this status and says this; !PATTERN: it does not.
expect() {
	local name=$1 status=$2 pattern=$3 got good=1
	shift 3
	[[ $name == *"$only"* ]] || return 0
	progress "$name"
	"$@" >"$dir/out" 2>&1 </dev/null
	got=$?
	[ "$1" = cat ] || cp "$dir/out" "$dir/said"
	if [[ $pattern == !* ]]; then
		! grep -qE -- "${pattern#!}" "$dir/out" || good=0
	else
		grep -qE -- "$pattern" "$dir/out" || good=0
	fi
	if [[ $got =~ ^$status$ ]] && [ $good = 1 ]; then
		say "ok $name"
	else
		say "FAILED $name: exit $got instead of $status, or not as '$pattern' says"
		tail -n 30 "$dir/out"
		failed=$((failed + 1))
	fi
}

# of_json FILE EXPRESSION: r is what the file holds.
of_json() { python3 -c "import json, sys; r = json.load(open(sys.argv[1])); print($2)" "$1"; }

# ---- a VM -----------------------------------------------------------------------------------------

if [ "$form" = long ]; then
	toolchain/get-qemu.sh >/dev/null && toolchain/get-guest.sh >/dev/null || exit 2
	began=$SECONDS
	expect 'demo: our controller comes through without findings' 0 '^no findings' toolchain/asan-vm --demo --log "$dir/log"
	say "$((SECONDS - began)) s"
	mkdir "$dir/tree"
	cp -a Makefile toolchain ci harness targets "$dir/tree/"
	mkdir "$dir/tree/build" && cp -a build/asan "$dir/tree/build/"
	patch -d "$dir/tree" -p1 -s <corpus/bugs/A14-runtime-offset-below-interrupters/bug.patch ||
		die 2 "the planted bug does not apply" "mend corpus/bugs/A14-*/bug.patch"
	"${MAKE:-make}" -s -C "$dir/tree" build/asan/gauntlet >"$dir/make.log" 2>&1 ||
		die 2 "the build with the planted bug failed" "see what 'make bugs B=A14' says"
	# The array is large; a larger red zone lies before it.
	planted=(toolchain/asan-vm --demo --log "$dir/log" --options redzone=1024 --gauntlet "$dir/tree/build/asan/gauntlet")
	expect 'demo: a planted heap overflow is that finding, with a symbolised stack' 1 'in runtime_access .*regs\.c' "${planted[@]}"
	expect 'demo: it is the only one' 0 '^1 errors, 0 broken rules, 0 leaks' cat "$dir/said"
	expect 'demo: and so says the JSON' 0 '^1 0 0 heap-buffer-overflow' \
		of_json "$dir/log/reports.json" 'r["errors"], r["rules"], r["leaks"], r["findings"][0]["what"]'
	[ $failed = 0 ]
	exit
fi
if [ "$form" = qemu ]; then
	qemu=$(toolchain/build-qemu.sh) || exit 2
	toolchain/get-guest.sh >/dev/null || exit 2
	expect 'QEMU with ASan: 12 redirection ports on nec-usb-xhci, a guest boots and writes a disk' '[01]' '^guest: passed' \
		toolchain/asan-vm --demo --xhci nec-usb-xhci --redir 12 --program "$qemu" --log "$dir/log"
	cat "$dir/said"
	[ $failed = 0 ]
	exit
fi

# ---- reports of small programs ----------------------------------------------------------------------

cat >"$dir/planted.c" <<-'END'
	#include <assert.h>
	#include <stdlib.h>
	static void overflow(char *p, int at) { p[at] = 1; }
	static void *lose(int n) { return malloc(n); }
	int main(int argc, char **argv)
	{
		char *p = malloc(8);
		void *volatile lost;

		switch (argc > 1 ? *argv[1] : 0) {
		case 'o': overflow(p, 8); overflow(p, 9); break;
		case 'l': for (int i = 0; i < 3; i++) lost = lose(8); lost = 0; break;
		case 'a': assert(argc > 5); break;
		case 'e': return 3;
		case 'u': free(p); if (p[3]) abort(); break;
		}
		free(*argv[1] == 'u' ? 0 : p);
		return 0;
	}
END
if ! "${CC:-clang}" -g -O0 -fsanitize=address -fsanitize-recover=address -o "$dir/planted" "$dir/planted.c" ||
	! gcc -g -O0 -o "$dir/naked" "$dir/planted.c"; then
	die 2 "the planted programs do not compile" "toolchain/setup.sh installs the compilers"
fi
gcc -g -O0 -fsanitize=address -fsanitize-recover=address -o "$dir/planted-gcc" "$dir/planted.c" 2>/dev/null || rm -f "$dir/planted-gcc"

if [ "$form" = bundle ]; then
	[ "$(id -u)" = 0 ] || die 2 "--bundle needs root" "sudo toolchain/asan-vm-test.sh --bundle"
	command -v debootstrap >/dev/null || die 2 "there is no debootstrap" "apt-get install debootstrap"
	expect 'bundle: it is packed' 0 'instrumented' toolchain/asan-bundle --out "$dir/bundle.tar.gz"
	say "making a Debian without a compiler"
	# shellcheck source=debian.sh
	. toolchain/debian.sh
	quiet "$dir/debootstrap.log" debootstrap --variant=minbase bookworm "$dir/root" "$(debian_mirror)"
	tar -xzf "$dir/bundle.tar.gz" -C "$dir/root" || die 2 "the bundle cannot be unpacked" "is there room in $dir?"
	cp "$dir/planted" "$dir/root/usb-gauntlet-asan/"
	# The mounts go with the process.
	there() {
		# shellcheck disable=SC2016,SC2317 # the inner shell's; expect calls it
		unshare --mount sh -c 'mount --bind /proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
			"$dir/root" sh -c "cd /usb-gauntlet-asan && $*"
	}
	expect 'bundle: there is no compiler there' 0 '^none$' there 'command -v cc gcc clang python3 llvm-symbolizer || echo none'
	expect 'bundle: QEMU runs there' 0 '^no findings' there ./asan-vm --seconds 10 --redir 12 -- qemu-system-x86_64 -M q35 -accel tcg -display none -monitor none
	expect 'bundle: a finding there has function and line' 1 'in overflow .*planted\.c:3' there ./asan-vm --program ./planted -- qemu overflow
	[ $failed = 0 ]
	exit
fi
build build/asan/gauntlet
vm=(toolchain/asan-vm --log "$dir/log")

expect 'a clean run: no findings' 0 '^no findings' "${vm[@]}" -- "$dir/planted" clean
expect 'an overflow is a finding with its function and line' 1 'in overflow .*planted\.c:3' "${vm[@]}" -- "$dir/planted" overflow
expect 'two of one cause are one finding' 1 'heap-buffer-overflow WRITE overflow, 2 times' "${vm[@]}" --options suppress_equal_pcs=0 -- "$dir/planted" overflow
expect 'the JSON has the stack' 0 '^overflow .*planted.c:3' of_json "$dir/log/reports.json" 'r["findings"][0]["stack"][0]'
expect 'leaks of one stack are added up' 1 '24 bytes in 3 objects, direct: lose' "${vm[@]}" -- "$dir/planted" leak
expect 'the JSON has the leak and its stack' 0 '^leak 24 3 lose .*planted.c:4' \
	of_json "$dir/log/reports.json" '*(r["findings"][0][k] for k in ("sort", "bytes", "objects")), r["findings"][0]["stack"][1]'
expect 'a failed assertion is a finding with its stack' 1 'in main .*planted\.c:1' "${vm[@]}" -- "$dir/planted" assert
expect 'an end without a report is not called clean' 2 'ended with status 3' "${vm[@]}" -- "$dir/planted" end
expect 'a program without ASan is refused' 2 'is not instrumented' "${vm[@]}" -- "$dir/naked" clean
expect 'a program that is not there is refused' 2 'there is no program' "${vm[@]}" -- "$dir/nobody"
expect 'a log folder that cannot be written is refused' 2 'cannot write to' toolchain/asan-vm --log "$dir/planted/x" -- "$dir/planted" clean
[ ! -x "$dir/planted-gcc" ] ||
	expect 'a dynamic libasan is told from a static one' 1 'instrumented by libasan' "${vm[@]}" -- "$dir/planted-gcc" overflow
if ldconfig -p | grep -q libjemalloc.so.2; then
	expect 'jemalloc: a use after free dies of junk' 1 'ended by signal 6' "${vm[@]}" --allocator jemalloc -- "$dir/naked" use
	expect 'jemalloc: a clean run is clean' 0 '^no findings' "${vm[@]}" --allocator jemalloc -- "$dir/naked" clean
	expect 'jemalloc: not with a program that has ASan' 2 'brings its own allocator' "${vm[@]}" --allocator jemalloc -- "$dir/planted" clean
fi
if command -v gdb >/dev/null; then
	expect 'gdb: the program runs in it, SIGPIPE does not stop it, and the leak check is off' 0 'SIGPIPE.*No.*No' \
		"${vm[@]}" --gdb -- "$dir/planted" leak
fi
cp "$(command -v sleep)" "$dir/qemu-asleep"
"$dir/qemu-asleep" 100 &
echo $! >"$dir/pid"
expect 'a VM that runs is not started twice' 2 'is running' "${vm[@]}" -- "$dir/planted" clean -pidfile "$dir/pid"
expect '--stop stops it first' 0 '^no findings' "${vm[@]}" --stop -- "$dir/planted" clean -pidfile "$dir/pid"
wait

# ---- command lines -------------------------------------------------------------------------------------

mkdir "$dir/bin"
cat >"$dir/bin/qm" <<-END
	#!/bin/sh
	case \$1 in showcmd) cat '$PWD/toolchain/vm/trial/qm-showcmd.txt' ;; status) echo "status: \${QM_STATUS:-stopped}" ;; esac
END
cat >"$dir/bin/virsh" <<-END
	#!/bin/sh
	case \$1 in domxml-to-native) cat '$PWD/toolchain/vm/trial/domxml-to-native.txt' ;; *) echo shut off ;; esac
END
chmod 755 "$dir"/bin/*
PATH=$dir/bin:$PATH
qm=(toolchain/asan-vm --dry-run --qm 100)
expect 'qm: a quote within a word stays' 0 "file=/var/lib/vz/images/100/it'.''s.raw,if=none" "${qm[@]}"
expect 'qm: no daemon' 0 '!  -daemonize' "${qm[@]}"
expect 'qm: a password filled in is not shown' 0 'password=\*\*\*,seamless' "${qm[@]}" --password geheim
expect 'qm: nor anywhere else' 0 '!geheim' "${qm[@]}" --password geheim
expect 'qm: a storage key is not shown' 0 'key=\*\*\*,if=none' "${qm[@]}"
expect 'qm: password=on is not a password' 0 'vnc,password=on' "${qm[@]}"
expect 'qm: 12 redirection ports, the last on port 12' 0 'redir11,bus=xhci.0,port=12' "${qm[@]}" --redir 12
expect 'qm: the controller has ports for them' 0 'nec-usb-xhci,id=xhci,bus=pci.0,addr=0x1b,p2=15,p3=15' "${qm[@]}" --redir 12
expect 'qm: redirection by sockets' 0 'socket,id=charredir11,path=.*redir11.sock,server=on,wait=off' "${qm[@]}" --redir 12 --redir-by socket
expect 'qm: another controller of QEMU' 0 'device qemu-xhci,id=xhci,bus=pci.0,addr=0x1b' "${qm[@]}" --xhci qemu-xhci
expect 'qm: ours stands where the VM had its own' 0 '"vfio-user-pci","bus":"pci.0","addr":"0x1b","socket"' "${qm[@]}" --xhci builtin
expect 'qm: the stick moves over' 0 "our controller has: storage,file=/var/lib/vz/images/100/it's.raw$" "${qm[@]}" --xhci builtin
expect 'qm: memory that can be shared' 0 'memory-backend-memfd,id=ram-node0,size=4096M,share=on' "${qm[@]}" --xhci builtin
expect 'qm: what hangs on another controller stays' 0 'usb-tablet,id=tablet,bus=ehci.0' "${qm[@]}" --xhci builtin
expect 'qm: a VM that runs is not started twice' 2 'VM 100 is running' env QM_STATUS=running toolchain/asan-vm --qm 100
expect 'qm: a name is no number' 2 "no VM's number" toolchain/asan-vm --qm win10
virsh=(toolchain/asan-vm --dry-run --libvirt win10)
expect 'virsh: the environment in front stays there' 0 '^LC_ALL=C PATH=' "${virsh[@]}"
expect 'virsh: it does not wait for a monitor' 0 '!^  -S ' "${virsh[@]}"
expect 'virsh: no sandbox, as it forbids the symbolizer' 0 '!^  -sandbox' "${virsh[@]}"
expect 'virsh: a secret whose file is gone is left out' 0 '!masterKey0' "${virsh[@]}"
expect 'virsh: ours stands where the VM had its own' 0 '"vfio-user-pci","bus":"pci.1","addr":"0x0","socket"' "${virsh[@]}" --xhci builtin
expect 'virsh: memory that can be shared' 0 '"memory-backend-memfd","id":"pc.ram","size":536870912,"share":true' "${virsh[@]}" --xhci builtin
expect 'virsh: disk, keyboard and tablet move over' 0 'has: storage,file=/var/lib/demo/disk.img tablet keyboard$' "${virsh[@]}" --xhci builtin
expect 'virsh: JSON devices get another driver' 0 '"driver":"nec-usb-xhci","p2":15' "${virsh[@]}" --xhci nec-usb-xhci
expect 'given: -m makes the shared memory' 0 'memory-backend-memfd,id=asan-vm-ram,size=2G,share=on' \
	toolchain/asan-vm --dry-run --xhci builtin -- qemu-system-x86_64 -m size=2G,slots=2
expect 'given: commands within words are not carried out' 0 "touch" toolchain/asan-vm --dry-run -- qemu-system-x86_64 -name "\$(touch $dir/no)"
expect 'given: not even of qm' 0 '!no such' test ! -e "$dir/no"
expect 'no VM at all' 2 'which VM' toolchain/asan-vm
expect 'a controller that is not there' 2 'no such controller' toolchain/asan-vm --xhci ohci -- x
[ $failed = 0 ]
