# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by asan-vm: the VM's command line, an array of words, where it comes from and how it is
# changed so that it can run under a sanitizer and in front of somebody. Needs nothing but bash and
# coreutils, so that it runs on a bare host. Knows both forms of options, key=value and JSON.
#
# shellcheck disable=SC2034,SC2154 # die, warn and so on are say.sh's

command_words=() # the program first
command_env=()   # NAME=value words that stood in front of it

# command_from_text TEXT: words as a shell would see them, but nothing in them is ever carried out.
command_from_text() {
	local words word program=0
	mapfile -d '' -t words < <(sed -e ':again' -e '/\\$/{N;s/\\\n/ /;b again' -e '}' <<<"$1" | xargs -r printf '%s\0')
	command_words=() command_env=()
	for word in "${words[@]}"; do
		if [ $program = 0 ] && [[ $word =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
			command_env+=("$word")
		else
			program=1
			command_words+=("$word")
		fi
	done
	[ ${#command_words[@]} -gt 0 ]
}

# command_drop OPTION ARGUMENTS: all of that option; tells if there were any.
command_drop() {
	local kept=() word skip=0 found=1
	for word in "${command_words[@]}"; do
		if [ "$skip" -gt 0 ]; then
			skip=$((skip - 1))
		elif [ "$word" = "-$1" ] || [ "$word" = "--$1" ]; then
			skip=$2 found=0
		else
			kept+=("$word")
		fi
	done
	command_words=("${kept[@]}")
	return $found
}

# command_each OPTION: its values, a line each.
command_each() {
	local i
	for ((i = 1; i + 1 < ${#command_words[@]}; i++)); do
		[ "${command_words[i]}" != "-$1" ] || printf '%s\n' "${command_words[++i]}"
	done
}

# command_map OPTION FUNCTION: each value goes through the function, which sets REPLY; empty: it goes.
command_map() {
	local kept=("${command_words[0]}") i
	for ((i = 1; i < ${#command_words[@]}; i++)); do
		if [ "${command_words[i]}" = "-$1" ] && [ $((i + 1)) -lt ${#command_words[@]} ]; then
			REPLY=${command_words[i + 1]}
			"$2" "$REPLY"
			i=$((i + 1))
			[ -z "$REPLY" ] || kept+=("-$1" "$REPLY")
		else
			kept+=("${command_words[i]}")
		fi
	done
	command_words=("${kept[@]}")
}

# value_of KEY OPTION-VALUE: of key=value or JSON; "driver" is also the first word before a comma.
value_of() {
	local text=$2 pattern
	if [[ $text == \{* ]]; then
		pattern="\"$1\"[[:space:]]*:[[:space:]]*(\"([^\"]*)\"|([0-9a-z]+))"
		[[ $text =~ $pattern ]] && printf '%s' "${BASH_REMATCH[2]}${BASH_REMATCH[3]}"
	elif [[ ",$text" =~ ,$1=([^,]*) ]]; then
		printf '%s' "${BASH_REMATCH[1]}"
	elif [[ $1 == driver || $1 == qom-type ]]; then
		printf '%s' "${text%%,*}"
	fi
}

# ---- how it is shown ----------------------------------------------------------------------------

# command_show: for people: an option per line, secrets replaced, to be pasted into a shell.
command_show() {
	local word line='' i
	for word in "${command_env[@]}" "${command_words[@]}"; do
		word=$(masked "$word")
		[[ $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
		if [[ $word == -* ]]; then
			printf '%s \\\n' "$line"
			line="  $word"
		else
			line+=${line:+ }$word
		fi
	done
	printf '%s\n' "$line"
}

# What must not get into a log or a bug report: passwords, secrets' data, keys of storage.
masked() {
	sed -E -e 's/(^|,)(password|passwd)=(on|off|yes|no)(,|$)/\1\2:=\3\4/g' \
		-e 's/((^|[,:?&])(password|passwd|secret|key|data|token)=)[^,:&"]+/\1***/g' \
		-e 's/("(password|passwd|data|key|token)"[[:space:]]*:[[:space:]]*")[^"]*/\1***/g' \
		-e 's#(://[^/@:]+):[^/@]+@#\1:***@#g' -e 's/(password|passwd):=/\1=/g' <<<"$1"
}

# ---- what a sanitizer and a watcher need ---------------------------------------------------------

secret_given='' # for an empty password=
fill_password() {
	case $1 in
	*password=) REPLY=$1$secret_given ;;
	*password=,*) REPLY=${1/password=,/password=$secret_given,} ;;
	esac
}

# A monitor whose place is gone while libvirt does not run the machine, or that libvirt would have opened.
without_descriptor() {
	local path
	path=$(value_of path "$1")
	if [[ $1 == socket,*fd=* || $1 == \{*\"socket\"*\"fd\"* ]] ||
		{ [[ $1 == socket,*server* ]] && [ -n "$path" ] && [ ! -d "${path%/*}" ]; }; then
		REPLY="socket,id=$(value_of id "$1"),path=$run_folder/$(value_of id "$1").sock,server=on,wait=off"
	fi
}
without_tap_descriptor() {
	if [[ $1 =~ (^|[,\"])(fds?|vhostfds?)[=\"] ]]; then
		REPLY="user,id=$(value_of id "$1")"
		warn "the network '$(value_of id "$1")' came by a file descriptor; it is user-mode now"
	fi
}
without_missing_key() { # a secret in a file that only exists while libvirt runs the machine
	local file
	file=$(value_of file "$1")
	[[ $1 != *secret* ]] || [ -z "$file" ] || [ -e "$file" ] || REPLY=
}

# The machine types of a distribution's or Proxmox's own QEMU, where another runs.
known_machine() {
	local type=$1 known
	type=$(value_of type "$1")
	[ -n "$type" ] || type=${1%%,*}
	known=${type%+pve*}
	[ -n "$machine_types" ] && [[ $type != *=* ]] || return 0
	if ! grep -q "^$known " <<<"$machine_types"; then
		case $type in
		*q35*) known=q35 ;;
		*) known=pc ;;
		esac
		warn "this QEMU has no machine '$type'; it is '$known' now"
	fi
	REPLY=${1/"$type"/$known}
}

command_prepare() {
	local version
	# The one watching is us; a daemon's parent ends at once.
	command_drop daemonize 0 && warn "left out: -daemonize"
	command_drop S 0 && warn "left out: -S (a machine that waits for a monitor's 'cont')"
	command_drop no-shutdown 0 && warn "left out: -no-shutdown (the leak check comes at the end)"
	# spawn=deny kills the symbolizer, elevateprivileges=deny is in LeakSanitizer's way.
	command_drop sandbox 1 && warn "left out: -sandbox (it forbids the symbolizer)"
	command_map chardev without_descriptor
	command_map netdev without_tap_descriptor
	command_map object without_missing_key
	if [ -n "$secret_given" ]; then
		command_map spice fill_password
		command_map vnc fill_password
	fi
	[ -x "${command_words[0]}" ] || return 0 # check_program says so
	version=$(ASAN_OPTIONS=detect_leaks=0 "${command_words[0]}" --version 2>/dev/null)
	machine_types=$(ASAN_OPTIONS=detect_leaks=0 "${command_words[0]}" -machine help 2>/dev/null)
	[[ $version == *pve* ]] || ! command_drop id 1 || warn "left out: -id, which only Proxmox's QEMU has"
	command_map machine known_machine
	command_map M known_machine
}
machine_types=''

# For a QEMU that was built without it.
command_without_spice() {
	if command_drop spice 1; then
		warn "left out: -spice, which this QEMU does not have; there is no display"
		command_words+=(-display none)
	fi
	command_map chardev without_spicevmc
	command_map audiodev without_spice_audio
	command_map device without_qxl
}
without_spicevmc() { [[ $1 != *spicevmc* ]] || REPLY="null,id=$(value_of id "$1")"; }
without_spice_audio() { [ "$(value_of driver "$1")" != spice ] || REPLY="none,id=$(value_of id "$1")"; }
without_qxl() {
	case $(value_of driver "$1") in
	qxl | qxl-vga) REPLY="VGA,id=$(value_of id "$1")" ;;
	esac
}
