#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first program in the VM: makes the machine's own file system the root,
# read-only below a layer in memory, and goes on with /run/vm/start there.
#
#   /lower   the machine's file system (9p, read-only)
#   /layer   tmpfs: what the VM writes
#   /root    the two together
#   /run/vm  what tests/vm/run hands over, and its answers (9p)
#
# All of it is busybox's: a dynamic program over 9p costs a second.
b=/bin/busybox

die() {
	echo "vm: $*" >/dev/kmsg
	$b poweroff -f
}

$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /modules.order); do
	$b insmod "/modules/$module" || die "cannot load $module"
done

p9=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o "ro,cache=loose,$p9" machine /lower || die "no machine to mount"
$b mount -t tmpfs -o mode=755 layer /layer
$b mkdir /layer/upper /layer/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work overlay /root ||
	die "cannot lay memory over the machine"

$b mkdir -p /root/run /root/tmp /dev/pts /dev/shm
$b mount -t tmpfs -o mode=755 run /root/run
$b mkdir -p /root/run/vm /root/run/lock
$b mount -t 9p -o "$p9" vm /root/run/vm || die "no orders to mount"
# shellcheck source=/dev/null
. /root/run/vm/settings
$b mkdir -p "/root$RESULTS"
$b mount -t 9p -o "$p9" results "/root$RESULTS" || die "no results to mount"
# A kernel's modules lie in the cache, not where modprobe looks.
$b mkdir -p "/root/lib/modules/$KVER"
$b mount --bind "/root$BASE/lib/modules/$KVER" "/root/lib/modules/$KVER"

$b mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
$b mount -t tmpfs shm /dev/shm
$b mount -t tracefs tracefs /sys/kernel/tracing
$b mount -t debugfs debugfs /sys/kernel/debug
$b mount -t cgroup2 cgroup2 /sys/fs/cgroup
$b ln -s /proc/self/fd /dev/fd
$b ln -s /proc/self/fd/0 /dev/stdin
$b ln -s /proc/self/fd/1 /dev/stdout
$b ln -s /proc/self/fd/2 /dev/stderr
$b ip link set lo up
$b hostname vm
$b cp /bin/busybox /root/run/busybox
for fs in proc sys dev; do
	$b mount --move "/$fs" "/root/$fs"
done
exec $b switch_root /root /run/busybox sh /run/vm/start
