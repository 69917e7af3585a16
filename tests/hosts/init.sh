#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first and only program of the guest that moves.  On its console it prints a
# numbered line three times a second, and an answer to each line that is typed; upon
# "burst" it is quiet for ten seconds, and then says more than any ring holds.
b=/bin/busybox
$b mount -t proc proc /proc
echo 1 >/proc/sys/kernel/printk
$b stty -echo

n=0
say() {
	n=$((n + 1))
	printf 'line %06d of what the guest says, wherever it is\n' $n
}

# It alone prints numbers, so that they come in order.
tick() {
	while say; do
		$b usleep 300000
		[ -e /burst ] || continue
		$b rm /burst
		echo 'quiet now'
		$b sleep 10
		end=$((n + 2000))
		while [ $n -lt $end ]; do
			say
		done
	done
}

tick &
while read -r word; do
	[ "$word" != burst ] || echo >/burst
	echo "heard $word"
done
