# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the two ways of showing the demo share.  Runs inside the VM.

capture=$RESULTS/demo.log
sent=$RESULTS/demo.sent
port=/dev/vserial/demo/0

# Says what it does, as one would type it, and does it.
show() {
	echo "# $*"
	"$@"
}

# Makes the guest "demo" with one port that captures to a file.
make_guest() {
	rm -f "$capture" "$sent"
	show vserialctl guest add demo ports 1
	show vserialctl port set demo/0 backing "file:$capture"
	udevadm settle
	show ls -l /dev/vserial/demo
}

# Waits until the capture is as long as what the guest sent; it has ended.
wait_for_capture() {
	local n
	for ((n = 0; n < 600; n++)); do
		[ "$(stat -c %s "$capture")" -lt "$(stat -c %s "$sent")" ] || return 0
		sleep 0.1
	done
}
