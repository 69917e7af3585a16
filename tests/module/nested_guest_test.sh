#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real guest's console, captured to a file.
#
#   Linux in QEMU -> ttyS0 -> -chardev serial -> /dev/vserial/nested/0 -> file:
#
# Each byte leaves two virtual machines: slow on a busy machine.
# time limit: 1500
# not on the debug kernel: a guest inside a kernel that is six times slower takes hours
set -u
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
lines=200
cleanup() {
	vserialctl guest del nested force 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

echo 1..4
fail() {
	echo "not ok $*"
	exit 1
}
vserialctl guest add nested ports 1 || fail "1 - a guest is made"
vserialctl port set nested/0 backing "file:$dir/capture" || fail "1 - its port captures to a file"
udevadm settle
[ -c /dev/vserial/nested/0 ] || fail "1 - /dev/vserial/nested/0 is there"
GUEST_APPEND=loglevel=6 timeout 1200 tests/demo/guest /dev/vserial/nested/0 "$dir/sent" "$lines" 2>&1 | sed 's/^/# /'
[ "${PIPESTATUS[0]}" -eq 0 ] || {
	tail -n 30 "$dir/capture" | sed 's/^/# /'
	fail "1 - the guest boots and ends"
}
echo "ok 1 - a Linux guest boots with its console on a port"

# The last close powers the guest off; what it sent is on its way to the file.
size=$(stat -c %s "$dir/sent")
for ((i = 0; i < 600; i++)); do
	[ "$(stat -c %s "$dir/capture")" -lt "$size" ] || break
	sleep 0.1
done
tests/demo/verify "$dir/capture" "$dir/sent" "$lines" | sed 's/ok 2/ok 3/; s/ok 1/ok 2/'
counted=$(cat /sys/bus/vserial/devices/nested:0/tx_bytes)
[ "$counted" = "$size" ] || { echo "# counted $counted, sent $size"; printf 'not '; }
echo "ok 4 - the port counted the $size bytes"
