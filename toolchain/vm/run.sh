# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by asan-vm: starts our controller and the VM, watches them, sums up what they wrote.
#
# shellcheck disable=SC2034,SC2154 # asan-vm's

run_environment() {
	local exports
	exports=$(toolchain/sanitizer-profile "$profile" --env --log-path "$log_folder/asan.log") || exit 2
	eval "$exports"
	# A failed assert() of QEMU is a finding, and its stack belongs to it.
	ASAN_OPTIONS+=:handle_abort=1
	[ "$gdb" = 0 ] || ASAN_OPTIONS+=:detect_leaks=0
	export ASAN_OPTIONS+=$more_options
	[ -z "$symbolizer" ] || export ASAN_SYMBOLIZER_PATH=$symbolizer
	trap 'stop_machine' INT TERM
}

# What the notes use to follow the driver: a signal that the VM itself lives by must not stop it.
gdb_words=()
under_gdb() { # BREAKPOINT
	command -v gdb >/dev/null || die 2 "there is no gdb" "apt-get install gdb"
	gdb_words=(gdb -q -ex 'handle SIGPIPE nostop noprint' -ex 'handle SIGUSR1 nostop noprint' -ex 'set breakpoint pending on'
		-ex "break $1" -ex run --args)
}

run_server() {
	local arguments=(serve --socket "$run_folder/xhci.sock" --control "$run_folder/xhci.ctl" --once --profile "${xhci_was:-qemu-xhci}")
	local device output=$log_folder/serve.log
	for device in "${builtin_devices[@]}"; do
		arguments+=(--device "$device")
	done
	if [ "$gdb" = 1 ]; then
		under_gdb xhci_command_run
		output=/dev/stdout
	fi
	exec 3<&0
	(cd "$caller" && exec "${gdb_words[@]}" "$gauntlet" "${arguments[@]}") <&3 >"$output" 2>&1 &
	server=$!
	exec 3<&-
	while [ ! -S "$run_folder/xhci.sock" ]; do
		kill -0 "$server" 2>/dev/null || { cat "$log_folder/serve.log" >&2; die 2 "our controller did not start" "its words are above"; }
		sleep 0.1
	done
	gdb_words=()
	[ "$source_of" = demo ] || say "gauntlet ctl $run_folder/xhci.ctl info usb   # and device_add, send-key, ..."
}

run_machine() {
	local environment=("${command_env[@]}")
	if [ "$gdb" = 1 ] && [ "$xhci" != builtin ]; then
		under_gdb xhci_process_commands
	fi
	if [ -n "$jemalloc" ]; then
		environment+=(LD_PRELOAD="$jemalloc" MALLOC_CONF="$jemalloc_options")
	fi
	exec 3<&0
	(cd "$caller" && exec env "${environment[@]}" "${gdb_words[@]}" "${command_words[@]}") <&3 2> >(tee "$log_folder/qemu.stderr" >&2) &
	machine=$!
	exec 3<&-
}

stopping=0
stop_machine() {
	stopping=$((stopping + 1))
	if [ $stopping = 1 ]; then
		say "ending the VM; once more kills it"
		kill "$machine" 2>/dev/null
	else
		kill -KILL "$machine" 2>/dev/null
	fi
}

# show_news FILE..: the first lines of reports that have come since.
declare -A lines_seen=()
show_news() {
	local file count
	for file; do
		[ -s "$file" ] || continue
		count=$(wc -l <"$file")
		if [ "$count" != "${lines_seen[$file]:-0}" ]; then
			tail -n "+$((${lines_seen[$file]:-0} + 1))" "$file" | head -n "$((count - ${lines_seen[$file]:-0}))" |
				grep -aE 'ERROR: [A-Za-z]+Sanitizer|runtime error:|^VIOLATED|^REQUIRE failed|Assertion .*failed' |
				sed -E 's/ on (unknown )?address.*//; s/^==[0-9]+==//' | while IFS= read -r line; do say "$red$line$plain"; done
			lines_seen[$file]=$count
		fi
	done
}

machine_status=0 server_status=0 server_went_first=0 timed_out=0
run_watch() {
	local shown=0 dead_since=''
	while kill -0 "$machine" 2>/dev/null; do
		sleep 0.2
		show_news "$log_folder"/asan.log.* "$log_folder/serve.log"
		if [ "$source_of" = demo ] && [ -f "$log_folder/console" ]; then
			tr -d '\r' <"$log_folder/console" | grep -a '^guest: ' | tail -n "+$((shown + 1))" >"$run_folder/lines"
			shown=$((shown + $(wc -l <"$run_folder/lines")))
			cat "$run_folder/lines"
		fi
		if [ $stopping = 0 ] && [ "$seconds" != 0 ] && [ $((SECONDS - began)) -ge "$seconds" ]; then
			say "$seconds s are over"
			timed_out=1
			stop_machine
		fi
		# A VM whose controller is gone has nothing more to say.
		if [ -n "$server" ] && ! kill -0 "$server" 2>/dev/null && kill -0 "$machine" 2>/dev/null; then
			dead_since=${dead_since:-$SECONDS}
			if [ $((SECONDS - dead_since)) -ge 2 ] && [ $stopping = 0 ]; then
				server_went_first=1
				say "our controller has ended"
				stop_machine
			fi
		fi
		[ $stopping = 0 ] || [ $((SECONDS - began)) -lt $((seconds + 120)) ] || kill -KILL "$machine" 2>/dev/null
	done
	wait "$machine" 2>/dev/null
	machine_status=$?
	machine=
	if [ -n "$server" ]; then
		for _ in $(seq 100); do
			kill -0 "$server" 2>/dev/null || break
			sleep 0.1
		done
		kill "$server" 2>/dev/null
		wait "$server" 2>/dev/null
		server_status=$?
		server=
		[ $server_status = 0 ] || [ $server_status = 1 ] || server_went_first=1
	fi
}

run_summary() {
	local reader=$gauntlet logs=() file findings
	[ -n "$reader" ] || for reader in bin/gauntlet build/asan/gauntlet build/plain/gauntlet; do
		[ ! -x $reader ] || break
	done
	[ -x "$reader" ] || build "$reader" >&2
	for file in "$log_folder"/asan.log.* "$log_folder/serve.log" "$log_folder/qemu.stderr"; do
		# What QEMU says when the controller is taken from it is no finding of its own.
		[ "${file##*/}" != qemu.stderr ] || [ $server_went_first = 0 ] || continue
		[ ! -f "$file" ] || logs+=("$file")
	done
	local ASAN_OPTIONS=detect_leaks=0
	reader=$(realpath "$reader")
	(cd "$log_folder" && "$reader" reports --json "${logs[@]#"$log_folder/"}") >"$log_folder/reports.json"
	(cd "$log_folder" && "$reader" reports "${logs[@]#"$log_folder/"}")
	findings=$?
	if grep -q '"what": "somewhere"' "$log_folder/reports.json"; then
		say "a stack that ends in a library is longer with --options fast_unwind_on_malloc=0, which is slow"
	fi
	[ -z "$json" ] || cp "$log_folder/reports.json" "$json" || die 2 "cannot write $json" "the summary is in $log_folder/reports.json"
	if [ -n "$jemalloc" ]; then
		# What is still allocated at the end is not all lost; a signal is a finding.
		grep -a '^<jemalloc>' "$log_folder/qemu.stderr"
		if [ "$machine_status" -gt 128 ] && [ $stopping = 0 ]; then
			say "QEMU was ended by signal $((machine_status - 128)); run it under --gdb to see where"
			findings=1
		fi
	fi
	say "logs: $log_folder"
	if [ $findings != 0 ]; then
		say "${red}findings$plain after $((SECONDS - began)) s"
		exit 1
	fi
	# No report is only good news from something that ran.
	if [ $server_status != 0 ] || [ $server_went_first = 1 ]; then
		die 2 "our controller ended with status $server_status, without a report" "$log_folder/serve.log has its words"
	elif [ $machine_status != 0 ] && [ $stopping = 0 ]; then
		die 2 "QEMU ended with status $machine_status, without a report" "its words are in $log_folder/qemu.stderr"
	elif [ "$source_of" = demo ] && ! grep -q '^guest: passed' "$log_folder/console"; then
		tail -n 30 "$log_folder/console" >&2
		die 2 "the guest did not get through$([ $timed_out = 0 ] || echo " in $seconds s")" "its console is in $log_folder/console"
	fi
	say "${green}no findings$plain in $((SECONDS - began)) s"
	exit 0
}
