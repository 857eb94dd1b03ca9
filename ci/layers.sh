#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Checks who includes whom in harness/. bytes -> codec -> ops -> drive -> backend -> trace -> oracles
# goes one way only, and this small table is where that is written down.
#
#   ci/layers.sh [<top folder>]
#
# Every folder may include itself, base.h, heap.h, library.h, state.h and trace.h; what else, a folder or one header, is below.
# The files directly in harness/, the targets, the unit tests and their beds put things together and may include
# all. A folder that is not in the table may include nothing.

# shellcheck source=say.sh
. "$(dirname "$0")/say.sh"
table='
usb
guest
xhci     guest usb
dev      usb
op       backend/backend.h xhci/abi.h
capture  usb
export   usb usbfs
backend  op guest xhci usb dev usbfs export capture
oracle   xhci/abi.h
import   usb
usbfs    usb dev op/mutate.h
redir    usb dev op/random.h
tool     op import capture usb/desc.h xhci/abi.h harness.h backend/serve.h backend/peer.h backend/vfio_client.h usbfs/exercise.h redir/play.h oracle/oracle.h
'
cd "${1:-.}" || die 2 "cannot enter '${1:-.}'" "give the folder that holds harness/"
[ -d harness ] || die 2 "there is no harness/ here" "give the folder that holds harness/"

# shellcheck disable=SC2016 # $0 is awk's
find harness -mindepth 2 \( -name '*.[ch]' -o -name '*.def' \) ! -name '*_test.c' ! -name 'testbed*.h' -print0 |
	LC_ALL=C sort -z | table=$table xargs -0 -r awk '
BEGIN {
	rows = split(ENVIRON["table"], row, "\n")
	for (i = 1; i <= rows; i++) {
		n = split(row[i], word, " ")
		for (k = 2; k <= n; k++)
			allowed[word[1], word[k]] = 1
	}
}
FNR == 1 { split(FILENAME, part, "/"); layer = part[2] }
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	header = quoted[2]
	folder = header
	sub(/\/.*/, "", folder)
	if (header == "base.h" || header == "heap.h" || header == "library.h" || header == "state.h" || header == "trace.h" || folder == layer)
		next
	if ((layer, folder) in allowed || (layer, header) in allowed)
		next
	else if (!index(header, "/"))
		reason = "name it with its folder; from here only base.h, heap.h, library.h, state.h and trace.h are free"
	else
		reason = layer " must not know " header
	printf "%s:%d: %s\n", FILENAME, FNR, reason
	bad = 1
}
END { exit bad }' || {
	say "The table of what may include what is in ci/layers.sh."
	exit 1
}
