# SPDX-License-Identifier: GPL-2.0-or-later
# Process 1 of the VM once the root is mounted: starts udev, loads the module,
# runs the command, tells its exit status and what the kernel had to say.
# Written for busybox sh; /run/vm/settings comes from tests/vm/run.
. /run/vm/settings
export PATH HOME=/root TERM RESULTS KVER VSERIAL_KO TEST_MODULES VSERIAL_TOOLS SLOWNESS
b=/run/busybox

# Empty files for what the programs count, which those that are not root write, too.
begin_gcov() {
	export GCOV_PREFIX=/run/gcov
	$b find "$GCOV" -name '*.gcno' | while read -r notes; do
		counts=$GCOV_PREFIX${notes%.gcno}.gcda
		$b mkdir -p "${counts%/*}"
		: >"$counts"
	done
	$b chmod -R a+rwX $GCOV_PREFIX
}

# Has what was counted last, the module's and the programs'.
end_gcov() {
	kept=$($b mktemp -d "$RESULTS/gcov.XXXXXX")
	for place in /sys/kernel/debug/gcov /run/gcov; do
		cd $place || return
		$b find . -name '*.gcda' | while read -r counts; do
			$b mkdir -p "$kept/${counts%/*}"
			$b cat "$counts" >"$kept/$counts"
		done
	done
}

finish() {
	echo "vm: done" >/dev/kmsg
	[ ! "$GCOV" ] || end_gcov
	$b dmesg >/run/vm/dmesg
	$b cat /proc/sys/kernel/tainted >/run/vm/tainted
	echo "$1" >/run/vm/status
	# QEMU's debug exit is faster than powering off.
	printf '\0' | $b dd of=/dev/port bs=1 seek=244 2>/dev/null
	$b poweroff -f
}

# The command's output: a pipe out of the VM, or a terminal if someone is there.
if [ "$TTY" ]; then
	out=/dev/hvc0
else
	out=/dev/vport0p1
fi
# The driver finds its ports after it is loaded.
while [ ! -c $out ]; do
	$b usleep 10000
done

refuse() {
	echo "vm: $*" >$out
	finish 125
}

# From here on warnings are seen on the console even if the VM dies of them.
$b dmesg -n 5
echo 1 >/proc/sys/kernel/panic_on_oops

[ ! "$GCOV" ] || begin_gcov

echo 'vm: udev' >/dev/kmsg
$b mkdir -p /run/udev/rules.d
for rules in "$REPO"/kmod/udev/*.rules; do
	[ ! -e "$rules" ] || $b cp "$rules" /run/udev/rules.d/
done
udevd=/lib/systemd/systemd-udevd
[ -x $udevd ] || refuse "there is no $udevd; install udev"
$udevd --daemon --resolve-names=late >/run/udevd.log 2>&1 || refuse "udev: $($b cat /run/udevd.log)"

if [ "$LOAD" ]; then
	$b insmod "$VSERIAL_KO" $MODPARAM 2>/run/insmod.log ||
		refuse "$($b cat /run/insmod.log); $($b dmesg | $b tail -n 5)"
	udevadm settle
	# It ends with the module, or with the VM.  Tests wait for what it does.
	$b grep -q ^vserial: /etc/passwd ||
		echo 'vserial:x:988:988::/:/usr/sbin/nologin' >>/etc/passwd
	$b grep -q ^vserial-print: /etc/passwd ||
		echo 'vserial-print:x:987:987::/:/usr/sbin/nologin' >>/etc/passwd
	if [ "$DAEMON" ]; then
		vseriald --debug </dev/null >/run/vseriald.log 2>&1 &
		echo $! >/run/vseriald.pid
	fi
fi

echo 'vm: command' >/dev/kmsg
echo >/run/vm/begun
cd "$CWD" || refuse "there is no $CWD in the VM"
if [ "$TTY" ]; then
	# Kept open: the size goes with the last close.
	exec 3<>$out
	[ "$TTY" = 'rows 0 columns 0' ] || $b stty $TTY <&3
	$b setsid -c $b sh /run/vm/command <$out >$out 2>&1
else
	$b setsid $b sh /run/vm/command </dev/null >$out 2>&1
fi
finish $?
