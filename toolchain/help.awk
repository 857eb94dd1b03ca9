# SPDX-License-Identifier: MIT
# Prints the goals of a Makefile that carry a "## comment", under their "##@ section".
/^##@ / { printf "\n%s\n", substr($0, 5) }
/^[a-z][a-z-]*:.*## / {
	goal = $0; sub(/:.*/, "", goal)
	text = $0; sub(/^[^#]*## /, "", text)
	printf "  make %-9s %s\n", goal, text
}
END { print "\nV=1 shows every command, WERROR=0 lets warnings pass. Each ci/*.sh and toolchain/* has --help." }
