# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by the vm-*.sh scripts, after say.sh: a controller of ours and a QEMU that uses it, both ended
# and their files removed when the script ends. Everything is in the folder $work; keep=1 leaves it there.

server='' machine='' gauntlet=''
vm_clean_up() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	if [ "${keep:-0}" = 1 ]; then say "logs: $work"; else rm -rf "$work"; fi
}

# vm_open BUILD: the work folder, and the tool of build/BUILD (or of the folder GAUNTLET).
vm_open() {
	gauntlet=${GAUNTLET:-build/$1/gauntlet}
	[ -n "${GAUNTLET:-}" ] || build "$gauntlet"
	local folder=${TMPDIR:-/dev/shm}
	# A busy disk of the host would make the controller wait for seconds, and the guest give it up.
	[ "$(df -k --output=avail "$folder" 2>/dev/null | tail -n 1)" -gt 600000 ] 2>/dev/null || folder=${TMPDIR:-/tmp}
	work=$(mktemp -d -p "$folder") || die 2 "cannot make a temporary folder" "is TMPDIR writable?"
	trap vm_clean_up EXIT
	trap 'exit 130' INT TERM
}

# vm_serve PROFILE OPTION..: the controller, ready for its client.
vm_serve() {
	local profile=$1
	shift
	leashed "$gauntlet" serve --socket "$work/socket" --control "$work/control" --profile "$profile" --once "$@" \
		>"$work/serve.log" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		[ ! -S "$work/control" ] || return 0
		kill -0 $server 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/serve.log"
	die 1 "the controller did not start" "its words are above"
}

# vm_run SECONDS QEMU OPTION..: a q35 (or what OPTION says) with our controller behind a root port where
# vm_device puts it; the console goes to $work/console.log.
vm_run() {
	local seconds=$1 qemu=$2
	shift 2
	mkfifo "$work"/{monitor,serial}.{in,out}
	leashed timeout "$seconds" "$qemu" -display none -no-reboot -nodefaults -serial "pipe:$work/serial" \
		-monitor "pipe:$work/monitor" "$@" \
		</dev/null >"$work/qemu.log" 2>&1 &
	machine=$!
	cat "$work/monitor.out" >"$work/monitor.log" 2>&1 & # so that it never waits for us
	cat "$work/serial.out" >"$work/console.log" &
	: >>"$work/console.log"
}

# What -device takes; the arguments are more of its settings.
vm_device() {
	local more
	more=$(printf ',%s' "$@")
	printf '{"driver":"vfio-user-pci"%s,"socket":{"type":"unix","path":"%s"}}' "${more%,}" "$work/socket"
}

# vm_monitor SECONDS COMMAND..: for QEMU's monitor, some time from now.
vm_monitor() {
	local seconds=$1
	shift
	(sleep "$seconds"; ! kill -0 "$machine" 2>/dev/null || echo "$*" >"$work/monitor.in") &
}

# vm_hear SECONDS PATTERN: until the console has said this.
vm_hear() {
	local until=$((SECONDS + $1))
	while ! tr -d '\r' <"$work/console.log" | grep -qE -- "$2"; do
		kill -0 "$machine" 2>/dev/null && [ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}

# vm_say TEXT: a line typed at the serial console.
vm_say() { printf '%s\r' "$*" >"$work/serial.in"; }

vm_ctl() { "$gauntlet" ctl "$work/control" "$@" >>"$work/ctl.log" 2>&1; }

# vm_console: its lines as they come, until QEMU has ended.
vm_console() { tail -n +1 -s 0.1 -f --pid="$machine" "$work/console.log" 2>/dev/null | sed -u 's/\r//g'; }

# vm_please LINE: does what a guest's line asks for (see vm-init); other lines are let pass. @work is the
# folder $work, @disk is disk.img in it, @cd is cd.iso.
vm_please() {
	local words
	case $1 in
	"guest: please monitor "*)
		read -ra words <<<"${1#guest: please monitor }"
		vm_monitor "${words[@]}"
		;;
	"guest: please "*)
		read -ra words <<<"${1#guest: please }"
		words=("${words[@]//@disk/$work/disk.img}")
		words=("${words[@]//@cd/$work/cd.iso}")
		vm_ctl "${words[@]//@work/$work}" || tail -n 1 "$work/ctl.log"
		;;
	esac
}

# vm_end: waits for both; the statuses are in qemu_status and serve_status.
vm_end() {
	wait "$machine"
	qemu_status=$?
	machine=
	wait "$server"
	serve_status=$?
	server=
}

# vm_play: does what the guest asks for until it has ended, as whoever sits in front of the machine would.
vm_play() {
	local line
	[ "${verbose:-0}" = 0 ] || { vm_console | grep -v '^guest: log ' & }
	while IFS= read -r line; do
		vm_please "$line"
		[[ $line != 'guest: part '* ]] || progress "${line#guest: }"
	done < <(vm_console)
	vm_end
}

# vm_verdict WHAT FAULT..: what the guest, its kernel, the oracles, QEMU and the controller say; ends with 1
# if one of them complained, or if the caller knows faults.
vm_verdict() {
	local what=$1 failed=("${@:2}")
	tr -d '\r' <"$work/console.log" >"$work/console"
	[ "${verbose:-0}" = 1 ] || sed -n 's/^guest: \(part .* \(ok\|skipped\|failed\).*\|note .*\)/  \1/p' "$work/console"
	grep -v -e ' ready on ' -e ' client connected$' -e ' client left$' "$work/serve.log" | sed 's/^/  /'
	sed 's/^/  qemu: /' "$work/qemu.log"
	grep -q '^guest: done' "$work/console" || failed+=("the guest did not come to its end")
	toolchain/guest/dmesg-gate "$work/console" || failed+=("the kernel complained")
	[ "$qemu_status" = 0 ] || failed+=("QEMU ended with $qemu_status")
	[ "$serve_status" = 0 ] || failed+=("gauntlet serve ended with $serve_status")
	if [ ${#failed[@]} != 0 ]; then
		grep -q '^guest: done' "$work/console" || tail -n 40 "$work/console"
		[ -z "${VM_LOGS:-}" ] || { mkdir -p "$VM_LOGS" && cp "$work/console" "$work"/*.log "$VM_LOGS/"; }
		die 1 "$what: $(IFS=';'; echo "${failed[*]}")" "--keep and --verbose show more"
	fi
	# shellcheck disable=SC2154 # say.sh's
	say "${green}ok$plain     $what: $(grep -c '^guest: part .* ok' "$work/console") parts," \
		"$(grep -c '^VIOLATED' "$work/serve.log") violations, $SECONDS s"
}

# vm_type TEXT: what stands on a US keyboard, a key each.
vm_type() {
	local i c key
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		[a-z0-9]) key=$c ;;
		[A-Z]) key=shift-${c,,} ;;
		' ') key=spc ;;
		:) key=shift-semicolon ;;
		.) key='dot' ;;
		-) key=minus ;;
		/) key=slash ;;
		\\) key=backslash ;;
		=) key=equal ;;
		,) key=comma ;;
		*) die 2 "no key for '$c'" "add it to vm_type" ;;
		esac
		vm_ctl send-key "$key" || die 1 "the key '$key' could not be sent" "$(tail -n 1 "$work/ctl.log")"
		sleep 0.15
	done
	vm_ctl send-key ret
}
