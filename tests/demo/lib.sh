# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the two ways of showing the demo share.  Runs inside the VM.

port=/dev/vserial/demo/0
# What QEMU says the guest sent, and where it arrived.
sent=$RESULTS/demo.sent
capture=$RESULTS/demo.log
by_tcp=$RESULTS/demo.tcp
by_telnet=$RESULTS/demo.telnet
host=127.0.0.1
tcp=4001
telnet=2323

# Says what it does, as one would type it, and does it.
show() {
	echo "# $*"
	"$@"
}

# wait_until COMMAND…: until it succeeds, but a minute at most.
wait_until() {
	local n=600
	until "$@"; do
		((n-- > 0)) || {
			echo "Not within a minute: $*"
			return 1
		}
		sleep 0.1
	done
}

state_is() {
	[ "$(cat /sys/bus/vserial/devices/demo:0/state)" = "$1" ]
}

# Makes the guest "demo" with one port, which listens and captures to a file.
make_guest() {
	rm -f "$sent" "$capture" "$by_tcp" "$by_telnet"
	show vserialctl guest add demo ports 1
	show vserialctl port set demo/0 backing "tcp://:$tcp" log "file:$capture"
	show vserialctl port connect demo/0
	udevadm settle
	show ls -l /dev/vserial/demo
	wait_until state_is listening
}

# boot LINES: boots the guest, for which a TCP client waits.
boot() {
	socat -u "TCP:$host:$tcp" - >"$by_tcp" &
	wait_until state_is connected
	echo "# socat -u TCP:$host:$tcp - >$by_tcp, while the guest boots:"
	tests/demo/guest "$port" "$sent" "$1" linger >/run/guest.log 2>&1 &
	guest=$!
}

# Prints what the TCP client receives, until the guest ends or whoever reads this does.
follow() {
	tail --pid="$guest" -n +1 -s 0.2 -f "$by_tcp" | sed -u 's/\r$//'
}

# The guest runs on, and whoever calls now is shown what it said.
become_telnet() {
	show vserialctl port set demo/0 backing "telnet://:$telnet"
	wait_until state_is listening
}
