#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make install` puts where, and that it is sound as far as it goes without a
# system to install it in.  Programs are stood in for by empty ones: what counts
# here are places.  $VSERIAL_VSPC is the concentrator.
set -u
top=$(readlink -f "$(dirname "$0")/../..")
n=0 bad=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
root=$folder/root log=$folder/log

# check NAME COMMAND...: a test.
check()
{
	local name=$1

	shift
	n=$((n + 1))
	if "$@" >"$log" 2>&1; then
		echo "ok $n - $name"
	else
		bad=$((bad + 1))
		sed 's/^/# /' "$log"
		echo "not ok $n - $name"
	fi
}

for program in vserialctl/vserialctl vseriald/vseriald vseriald/vserial-print \
		vspc/vserial-vspc; do
	install -D /dev/null "$folder/programs/$program"
done

# -o all: the programs are not built, they are there.
helper()
{
	make -s --no-print-directory -C "$top/helper" -o all "$@" O="$folder/programs" \
		PREFIX=/usr DESTDIR="$root"
}

# What the Makefile on top adds.
module()
{
	make -s --no-print-directory -C "$top" "$@" PREFIX=/usr DESTDIR="$root"
}

# The files that there are, those on standard input and no others.
listed()
{
	LC_ALL=C sort >"$folder/expected"
	diff "$folder/expected" <(find "$root" -type f -printf '%P\n' | LC_ALL=C sort)
}

installed()
{
	helper install && module install-load install-libvirt-hook && listed <<-END
		etc/libvirt/hooks/qemu.d/vserial
		etc/vserial/vserial-vspc.conf
		etc/vserial/vseriald.conf
		usr/include/linux/vserial.h
		usr/lib/firewalld/policies/vserial-net-in.xml
		usr/lib/firewalld/policies/vserial-net-out.xml
		usr/lib/firewalld/policies/vserial-vspc-out.xml
		usr/lib/firewalld/services/vserial-vspc.xml
		usr/lib/modules-load.d/vserial.conf
		usr/lib/systemd/system/vserial-firewall.service
		usr/lib/systemd/system/vserial-migrate.socket
		usr/lib/systemd/system/vserial-migrate@.service
		usr/lib/systemd/system/vserial-restore.service
		usr/lib/systemd/system/vserial-vspc.service
		usr/lib/systemd/system/vseriald.service
		usr/lib/sysusers.d/vserial.conf
		usr/lib/tmpfiles.d/vserial.conf
		usr/sbin/vserial-print
		usr/sbin/vserial-vspc
		usr/sbin/vserialctl
		usr/sbin/vseriald
		usr/share/bash-completion/completions/vserialctl
		usr/share/man/man4/vserial.4
		usr/share/man/man5/vserial-vspc.conf.5
		usr/share/man/man5/vseriald.conf.5
		usr/share/man/man8/vserial-print.8
		usr/share/man/man8/vserial-vspc.8
		usr/share/man/man8/vserialctl.8
		usr/share/man/man8/vseriald.8
	END
}

# Every page of the documentation is installed, or nobody finds it.
pages()
{
	diff <(cd "$top/Documentation/man" && ls) <(find "$root/usr/share/man" -type f -printf '%f\n' | LC_ALL=C sort)
}

# systemd-analyze wants the programs of a unit to be there.
units()
{
	local program unit said
	for program in sh kill; do
		install -D "$(type -P $program)" "$root/bin/$program"
	done
	for unit in "$root"/usr/lib/systemd/system/*; do
		said+=$(systemd-analyze verify --man=no --recursive-errors=no "--root=$root" \
			"/usr/lib/systemd/system/${unit##*/}" 2>&1 || echo "exit status $?")
	done
	rm -r "${root:?}/bin"
	echo "$said"
	[[ ! $said ]]
}

users_and_folders()
{
	systemd-sysusers "--root=$root" vserial.conf && grep ^vserial: "$root/etc/passwd" &&
		systemd-tmpfiles --create "--root=$root" vserial.conf && [[ -d $root/var/log/vserial ]]
}

settings_stay()
{
	echo '# mine' >>"$root/etc/vserial/vseriald.conf"
	helper install && tail -n 1 "$root/etc/vserial/vseriald.conf" | grep -x '# mine'
}

# What they suggest is accepted.
concentrator_settings()
{
	sed 's/^# \([a-z-]* =\)/\1/' "$root/etc/vserial/vserial-vspc.conf" >"$folder/conf"
	grep -q ^listen "$folder/conf" && "$VSERIAL_VSPC" --check --config="$folder/conf"
}

# A host may have both, a concentrator and guests that others hand over.
ports_of_their_own()
{
	local port
	port=$(sed -n 's/^ListenStream=//p' "$root/usr/lib/systemd/system/vserial-migrate.socket")
	grep -x "# migrate-port = $port" "$root/etc/vserial/vseriald.conf" &&
		! grep ":$port\b" "$root/etc/vserial/vserial-vspc.conf"
}

sources_for_dkms()
{
	local version object
	version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$top/packaging/debian/changelog")
	local place=$root/usr/src/vserial-$version
	module dkms-source && grep -x "PACKAGE_VERSION=\"$version\"" "$place/dkms.conf" || return
	# All that Kbuild names is there.
	grep -o 'kmod/[a-z_]*\.o' "$place/Kbuild" | while read -r object; do
		[[ -e $place/${object%.o}.c ]] || { echo "$object"; return 1; }
	done
}

gone()
{
	rm -rf "$root/etc/libvirt" "$root/usr/src" "$root/usr/lib/modules-load.d" "$root/usr/share/man/man4"
	rm -rf "$root"/etc/{passwd,group,shadow,gshadow}* "$root"/etc/.[!.]*
	helper uninstall && listed <<-END
		etc/vserial/vserial-vspc.conf
		etc/vserial/vseriald.conf
	END
}

check "what is installed" installed
check "all man pages are" pages
check "the units have no mistake that systemd knows of" units
check "the user and the folder are made" users_and_folders
check "settings that are there stay" settings_stay
check "the settings of vserial-vspc are accepted" concentrator_settings
check "no two units listen at one port" ports_of_their_own
check "the sources for DKMS are whole" sources_for_dkms
check "uninstall leaves settings alone" gone
echo "1..$n"
((bad == 0))
