#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first and only program of the demo's guest.  Its console is the serial
# port under test: prints LINES numbered lines, and their checksum at the end.
# With PORTS, it has so many serial ports; the far ends of the others give back
# what they are sent, and what each of them heard is told.
b=/bin/busybox
$b mount -t proc proc /proc
# From here on the kernel is quiet, so that no line is broken.
echo 1 >/proc/sys/kernel/printk
if [ "$PORTS" ]; then
	$b mount -t devtmpfs dev /dev
	for n in $($b seq $((PORTS - 1))); do
		exec 3<>"/dev/ttyS$n"
		$b stty raw -echo <&3
		echo "this is port $n" >&3
		line='nothing in a minute'
		# shellcheck disable=SC3045 # busybox has it
		read -r -t 60 line <&3
		echo "guest: port $n heard \"$line\""
		exec 3>&-
	done
fi
echo "guest: $($b uname -sr) is up, pattern follows"
$b seq "$LINES" | $b sed 's/.*/line & of the pattern: the quick brown fox jumps over the lazy dog/' >/pattern
$b cat /pattern
echo "guest: end of pattern, sha256 $($b sha256sum </pattern | $b cut -d' ' -f1)"
[ "$LINGER" ] || $b reboot -f

# Someone is there to look at it: says something every second, and echoes, until
# it is told bye.
( n=0; while $b sleep 1; do n=$((n + 1)); echo "guest: alive for $n s"; done ) &
while read -r line; do
	echo "guest: heard \"$line\""
	[ "$line" != bye ] || break
done
$b reboot -f
