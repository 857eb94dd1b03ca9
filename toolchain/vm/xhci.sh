# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by asan-vm: which xHCI the VM has, and what hangs on it. Our own is a vfio-user-pci device
# of QEMU and wants memory that it may map.
#
# shellcheck disable=SC2034,SC2154 # command_* are command.sh's, the rest asan-vm's

xhci_id='' xhci_bus='' xhci_addr='' # of the VM's first xHCI
xhci_was=''                         # its model
builtin_devices=()                  # for gauntlet serve
other_controllers=0

xhci_look() {
	local device driver
	while IFS= read -r device; do
		driver=$(value_of driver "$device")
		case $driver in
		nec-usb-xhci | qemu-xhci)
			if [ -z "$xhci_was" ]; then
				xhci_was=$driver xhci_id=$(value_of id "$device")
				xhci_bus=$(value_of bus "$device") xhci_addr=$(value_of addr "$device")
			fi ;;
		*ehci* | *uhci* | *ohci*) other_controllers=1 ;;
		esac
	done < <(command_each device)
	[[ " ${command_words[*]} " != *" -usb "* ]] || other_controllers=1
}

# ---- QEMU's own ---------------------------------------------------------------------------------

renamed_controller() {
	case $(value_of driver "$1") in
	nec-usb-xhci | qemu-xhci) REPLY=${1/$(value_of driver "$1")/$xhci_want} ;;
	esac
}
# USB 2 ports for so many redirected devices; QEMU's own number is 4, its most 15.
with_ports() {
	case $(value_of driver "$1") in
	nec-usb-xhci | qemu-xhci)
		if [ -n "$(value_of p2 "$1")" ] || [ "$redir" -le 4 ]; then
			:
		elif [[ $1 == \{* ]]; then
			REPLY=${1%\}}',"p2":15,"p3":15}'
		else
			REPLY=$1,p2=15,p3=15
		fi ;;
	esac
}

# xhci_of_qemu MODEL: the VM's controller becomes this one; one without gets it.
xhci_of_qemu() {
	xhci_want=$1
	if [ -n "$xhci_was" ]; then
		command_map device renamed_controller
	else
		command_words+=(-device "$1,id=xhci")
		xhci_id=xhci
	fi
}

# xhci_redir: so many redirection ports, as the notes of section 12 have them.
xhci_redir() {
	local i chardev
	[ "$redir" -le 15 ] || die 2 "--redir $redir: a controller of QEMU's has at most 15 ports" "for example --redir 12"
	[ -n "$xhci_id" ] || { xhci_of_qemu nec-usb-xhci; }
	command_map device with_ports
	if [ "$redir_by" = spicevmc ] && [ -z "$(command_each spice)" ]; then
		command_words+=(-spice "unix=on,addr=$run_folder/spice.sock,disable-ticketing=on")
	fi
	for ((i = 0; i < redir; i++)); do
		chardev="spicevmc,id=charredir$i,name=usbredir"
		[ "$redir_by" = spicevmc ] || chardev="socket,id=charredir$i,path=$run_folder/redir$i.sock,server=on,wait=off"
		command_words+=(-chardev "$chardev" -device "usb-redir,chardev=charredir$i,id=redir$i,bus=$xhci_id.0,port=$((i + 1))")
	done
}

# ---- ours ---------------------------------------------------------------------------------------

# raw_file ID: the file of a -drive or -blockdev with raw data in it; a node may stand on another.
raw_file() {
	local id=$1 drive file found
	for _ in 1 2 3; do
		found=
		while IFS= read -r drive; do
			if [ "$(value_of id "$drive")" = "$id" ] || [ "$(value_of node-name "$drive")" = "$id" ]; then
				found=$drive
			fi
		done < <(command_each drive; command_each blockdev)
		[ -n "$found" ] && [[ $(value_of format "$found") =~ ^(raw|)$ ]] || return
		file=$(value_of filename "$found")
		[ -n "$file" ] || file=$(value_of file "$found")
		case $found,$(value_of driver "$found") in
		\{*,raw | driver=raw,*) id=$file ;;
		\{*,file | *file=*) printf '%s' "$file"; return ;;
		*) return ;;
		esac
	done
}

# A USB device that hangs on the controller that goes away.
moved_device() {
	local driver bus file
	driver=$(value_of driver "$1") bus=$(value_of bus "$1")
	case $driver in
	nec-usb-xhci | qemu-xhci) [ "$(value_of id "$1")" != "$xhci_id" ] || REPLY= ; return ;;
	usb-*) ;;
	*) return ;;
	esac
	case $bus in
	"$xhci_id.0") ;;
	'') [ $other_controllers = 0 ] || return ;;
	*) return ;;
	esac
	REPLY=
	case $driver in
	usb-kbd) builtin_devices+=(keyboard) ;;
	usb-tablet | usb-mouse) builtin_devices+=(tablet) ;;
	usb-storage)
		file=$(raw_file "$(value_of drive "$1")")
		if [ -n "$file" ]; then
			builtin_devices+=("storage,file=$file")
		else
			warn "left out: $driver $(value_of id "$1"), as our disk wants an image in raw format"
		fi ;;
	*) warn "left out: $driver $(value_of id "$1"), which our controller does not have" ;;
	esac
}

shared_memory=0
share_memory() {
	local kind
	kind=$(value_of qom-type "$1")
	case $kind in
	memory-backend-ram | memory-backend-file | memory-backend-memfd) ;;
	*) return ;;
	esac
	shared_memory=1
	[ "$kind" = memory-backend-file ] || REPLY=${1/$kind/memory-backend-memfd}
	if [[ $REPLY == \{* ]]; then
		REPLY=$(sed -E 's/,?"share"[[:space:]]*:[[:space:]]*(true|false)//' <<<"$REPLY")
		REPLY=${REPLY%\}}',"share":true}'
	else
		REPLY=$(sed -E 's/,share=(on|off|yes|no)//' <<<"$REPLY"),share=on
	fi
}

# "4096", "size=4G,slots=2", "512M": what -m says, in the form that memory-backend-memfd takes.
memory_size() {
	local size
	size=$(command_each m | tail -n 1)
	[[ $size == size=* || $size == *,size=* ]] && size=$(value_of size "$size")
	size=${size%%,*}
	[[ $size != *k ]] || size=${size%k}K
	[[ ! $size =~ ^[0-9]+$ ]] || size+=M
	printf '%s' "${size:-128M}"
}

# xhci_builtin SOCKET: the VM's controller, if it has one, becomes ours.
xhci_builtin() {
	local place=''
	[ -z "$xhci_id" ] || [ -z "$xhci_bus" ] || place+=",\"bus\":\"$xhci_bus\""
	[ -z "$xhci_id" ] || [ -z "$xhci_addr" ] || place+=",\"addr\":\"$xhci_addr\""
	command_map device moved_device
	command_map object share_memory
	if [ $shared_memory = 0 ]; then
		command_words+=(-object "memory-backend-memfd,id=asan-vm-ram,size=$(memory_size),share=on" -machine memory-backend=asan-vm-ram)
	fi
	command_words+=(-device "{\"driver\":\"vfio-user-pci\"$place,\"socket\":{\"type\":\"unix\",\"path\":\"$1\"}}")
}
