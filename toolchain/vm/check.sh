# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by asan-vm: what must be so before a VM is started; a run without reports because nobody
# was looking is worse than none.
#
# shellcheck disable=SC2034,SC2154 # asan-vm's

# instrumented PROGRAM: prints how ASan is in it; false if it is not. Works without binutils.
instrumented() {
	local file library
	file=$(readlink -f -- "$1")
	library=$(ldd "$file" 2>/dev/null | grep -oE '(libasan|libclang_rt\.asan)[^ ]*.*' | head -n 1)
	case $library in
	*'not found'*)
		die 2 "$file needs ${library%% *}, which is not here" "install it, or set LD_LIBRARY_PATH" ;;
	?*) printf '%s\n' "by ${library%% *}"; return 0 ;;
	esac
	# A static runtime; its interface stays visible in a stripped program.
	if grep -qa '__asan_init' -- "$file" && grep -qa '__asan_report_' -- "$file"; then
		printf 'statically\n'
		return 0
	fi
	return 1
}

# The newest command-line option of QEMU that we need.
has_vfio_user() { "$1" -device vfio-user-pci,help 2>/dev/null | grep -q '^  socket='; }

check_program() {
	local file how
	file=$(cd "$caller" && command -v -- "${command_words[0]}") || die 2 "there is no program ${command_words[0]}" "--program <qemu> names another"
	[[ $file == /* ]] || file=$(path_of "$file")
	[ -x "$file" ] || die 2 "$file cannot be run" "--program <qemu> names another"
	if [ "$xhci" = builtin ] && ! has_vfio_user "$file"; then
		warn "$file has no vfio-user-pci; another QEMU takes its place"
		file=$(toolchain/get-qemu.sh) || die 2 "no QEMU can attach our controller" "leave --xhci builtin out, or give --program <QEMU 10.1 or newer>"
	fi
	if [ "$file" != "${command_words[0]}" ] && ! "$file" -chardev help 2>/dev/null | grep -q spicevmc; then
		command_without_spice
	fi
	command_words[0]=$file
	if how=$(instrumented "$file"); then
		[ -z "$allocator" ] || die 2 "$file has AddressSanitizer, which brings its own allocator" "leave --allocator out"
		say "QEMU: $file, instrumented $how"
	elif [ -n "$allocator" ]; then
		check_jemalloc
	elif [ "$xhci" = builtin ]; then
		say "QEMU: $file, not instrumented; our controller is"
	else
		die 2 "$file is not instrumented: AddressSanitizer would see nothing" \
			"toolchain/build-qemu.sh builds one to be given by --program; --allocator jemalloc checks a little without"
	fi
	[ "$xhci" = builtin ] || return 0
	if [ -z "$gauntlet" ]; then
		if [ -x bin/gauntlet ]; then
			gauntlet=$PWD/bin/gauntlet
		else
			gauntlet=$PWD/build/asan/gauntlet
			need_setup >&2
			build build/asan/gauntlet >&2
		fi
	fi
	how=$(instrumented "$gauntlet") || die 2 "$gauntlet is not instrumented" "make build/asan/gauntlet builds one that is"
	say "our controller: $gauntlet, instrumented $how"
}

# Freed memory is overwritten, each size has its pages, nothing is cached: what uses freed memory breaks
# early. Where the library can, it also writes down what is left at the end, with stacks.
jemalloc='' jemalloc_options=abort_conf:true,junk:true,tcache:false
check_jemalloc() {
	local profile=$jemalloc_options,prof:true,prof_leak:true,prof_final:true,lg_prof_sample:12,prof_prefix:$log_folder/jemalloc
	jemalloc=$(ldconfig -p 2>/dev/null | awk '$1 == "libjemalloc.so.2" { print $NF; exit }')
	[ -n "$jemalloc" ] || die 2 "there is no libjemalloc.so.2" "apt-get install libjemalloc2"
	# With the options that it does not know it ends at once.
	if LD_PRELOAD=$jemalloc MALLOC_CONF=${profile/prof_final:true/prof_final:false} true 2>/dev/null; then
		jemalloc_options=$profile
	fi
	jemalloc_options+=${MALLOC_CONF:+,$MALLOC_CONF}
	say "QEMU: ${command_words[0]}, not instrumented, on $jemalloc"
}

check_log_folder() {
	if ! mkdir -p "$log_folder" 2>/dev/null || ! { : >"$log_folder/.try"; } 2>/dev/null; then
		die 2 "cannot write to $log_folder" "--log <folder> names another"
	fi
	rm -f "$log_folder/.try"
	exec 8>"$log_folder/.lock"
	flock -n 8 || die 2 "another VM writes its logs to $log_folder" "--log <folder> names another for this one"
	rm -f "$log_folder"/asan.log.* "$log_folder"/jemalloc.*.heap "$log_folder"/{qemu.stderr,serve.log,console,reports.json}
	[ "$(df -Pm "$log_folder" | awk 'NR == 2 { print $4 }')" -ge 100 ] || warn "less than 100 MB are free in $log_folder"
	case " ${command_words[*]} " in
	*" -runas "* | *" -chroot "*) warn "-runas and -chroot: reports may not get to $log_folder" ;;
	esac
}

symbolizer=''
check_symbolizer() {
	local candidate
	for candidate in "${ASAN_SYMBOLIZER_PATH:-}" "$PWD/bin/llvm-symbolizer" "$(command -v llvm-symbolizer)" \
		/usr/lib/llvm-*/bin/llvm-symbolizer; do
		if [ -x "$candidate" ]; then
			symbolizer=$candidate
			return
		fi
	done
	[ -n "$allocator" ] || die 2 "there is no llvm-symbolizer: stacks would be addresses" "apt-get install llvm, or set ASAN_SYMBOLIZER_PATH"
}
