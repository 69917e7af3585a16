#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real guest with 32 ports: its console, captured to a file, and 31 loopbacks.
#
#   Linux in QEMU -> ttyS0 -> -chardev serial -> /dev/vserial/nested/0 -> file:
#                 <> ttyS1 <> what guest export --qemu prints <> nested/1 <> loopback
#                    …
#
# Each byte leaves two virtual machines: slow on a busy machine.
# Where a VM's processors take turns its guest was seen to stop for good while it booted.
# vm: --smp 1
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

echo 1..6
fail() {
	echo "not ok $*"
	exit 1
}
vserialctl guest add nested ports 32 || fail "1 - a guest is made"
vserialctl port set nested/0 backing "file:$dir/capture" || fail "1 - its port captures to a file"
for n in {1..31}; do echo "port set nested/$n backing loopback"; done | vserialctl -b - ||
	fail "1 - its other ports are loopbacks"
udevadm settle
[ -c /dev/vserial/nested/0 ] || fail "1 - /dev/vserial/nested/0 is there"
# The console's options have a file besides, and are not needed.
GUEST_DEVICES=$(vserialctl guest export nested --qemu | grep -v -e '/nested/0$' -e 'index=0$')
export GUEST_DEVICES GUEST_APPEND="loglevel=6 8250.nr_uarts=32 PORTS=32"
timeout 1200 tests/demo/guest /dev/vserial/nested/0 "$dir/sent" "$lines" 2>&1 | sed 's/^/# /'
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

# heard N: the guest sent and got back what port N is called, and nobody else did.
heard() {
	grep -q "^guest: port $1 heard \"this is port $1\"" "$dir/capture" &&
		[ "$(vserialctl port history "nested/$1")" = "this is port $1" ]
}
missing=
for n in {1..31}; do heard "$n" || missing+=" $n"; done
[ ! "$missing" ] || {
	echo "# not these:$missing"
	grep '^guest: port' "$dir/capture" | sed 's/^/# /'
	printf 'not '
}
echo "ok 5 - each of its other 31 ports gives and takes"
[ "$(cat /sys/bus/vserial/devices/nested:*/power | sort -u)" = off ] || printf 'not '
echo "ok 6 - all are powered off in the end"
