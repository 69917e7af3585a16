# SPDX-License-Identifier: GPL-2.0-or-later
#
# vserial: virtual serial ports for hypervisors.  `make help` lists what there is.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
DESTDIR	?=
# Where depmod and modprobe look; a kernel's own idea of it may be a link into /usr.
MODDIR	= $(DESTDIR)/lib/modules/$(KVER)/updates
# Not kernelrelease, which Debian's 6.1 headers answer without the ABI name.
KVER	= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)".*/\1/p' $(KDIR)/include/generated/utsrelease.h)
UDEVDIR	?= /lib/udev/rules.d
MODULESLOADDIR ?= /usr/lib/modules-load.d
load_files = $(DESTDIR)$(MODULESLOADDIR)/vserial.conf $(DESTDIR)$(PREFIX)/share/man/man4/vserial.4
HOOK	= $(DESTDIR)/etc/libvirt/hooks/qemu.d/vserial
DKMSDIR	= $(DESTDIR)/usr/src/vserial-$(VERSION)

all:
include packaging/version.mk

all: module helper ## build the module (KDIR= or the running kernel's headers), vserialctl, vseriald and vserial-vspc

module: | headers ## build the module
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

helper: ## build vserialctl, vseriald and vserial-vspc
	$(MAKE) -C helper PREFIX=$(PREFIX)

headers:
	@test -e $(KDIR)/Makefile || { \
		echo "$(KDIR) has no kernel headers: install linux-headers-$$(uname -r), or name others with KDIR=" >&2; \
		exit 1; }

run: ## show it: a real guest's console over TCP, in a file and over telnet, in a throw-away VM (as root)
	@tests/demo/run

check: ## run all tests, or those that ONLY="unit kunit …" names (as root)
	@tests/check $(ONLY)

check-debug: ## run the module's tests on a kernel that looks for bugs (as root)
	@tests/check debug

check-kcsan: ## run the module's tests on a kernel that reports data races (as root)
	@tests/check kcsan

coverage: ## measure which lines the tests execute (as root; ONLY="unit module")
	@tests/coverage $(ONLY)

check-packages: ## install, upgrade and remove the Debian packages in a fresh root (as root)
	@tests/check package

bench: ## measure against ptys, TCP, dd, socat and ser2net, in VMs (KERNELS=, ONLY="write echo …", SAMPLES=yes)
	@tests/vm/deps bench
	@tests/bench/run $(ONLY)

fuzz: ## feed the codecs what nobody should send, 10 minutes each (FUZZ_SECONDS=)
	@tests/vm/deps check
	@tests/fuzz/run

fuzz-kernel: ## fuzz the module's interfaces on a kernel that looks for bugs, 30 minutes (FUZZ_SECONDS=, FUZZ_SEED=, ONLY="netlink sysfs tty")
	@tests/fuzz/kernel/run $(ONLY)

soak: ## run everything at random and the proof for long, in VMs (KERNELS=, SECONDS=3600, KILLS=1000, PROOF_MB=200, ROUNDS=10)
	@tests/vm/deps vm
	@tests/soak/run $(ONLY)

style: ## check how the code is written
	@tests/vm/deps style
	@tests/style

install: install-module install-tools ## install all, below DESTDIR and PREFIX

install-module: module install-load ## install the module, loaded at boot
	install -D -m 644 vserial.ko $(MODDIR)/vserial.ko
	$(if $(DESTDIR),,depmod $(KVER))

install-load:
	mkdir -p $(DESTDIR)$(MODULESLOADDIR)
	echo vserial >$(DESTDIR)$(MODULESLOADDIR)/vserial.conf
	install -D -m 644 Documentation/man/vserial.4 $(DESTDIR)$(PREFIX)/share/man/man4/vserial.4

dkms-install: | headers ## install the module's sources, built now and for each kernel to come (needs dkms)
	@command -v dkms >/dev/null || { echo "there is no dkms: apt-get install dkms" >&2; exit 1; }
	-dkms remove vserial/$(VERSION) --all 2>/dev/null
	$(MAKE) dkms-source install-load
	dkms install vserial/$(VERSION) -k $(KVER) --kernelsourcedir $(KDIR)

dkms-uninstall: ## remove what dkms-install installed
	-dkms remove vserial/$(VERSION) --all
	rm -rf $(DKMSDIR)
	rm -f $(load_files)

dkms-source:
	rm -rf $(DKMSDIR)
	mkdir -p $(DKMSDIR)
	cp -r --parents Kbuild $(wildcard kmod/*.[ch]) uapi LICENSES $(DKMSDIR)
	sed 's/#MODULE_VERSION#/$(VERSION)/' packaging/dkms.conf >$(DKMSDIR)/dkms.conf

install-tools: helper ## install vserialctl, vseriald and vserial-vspc with all that belongs to them, and the udev rules
	$(MAKE) -C helper install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	install -D -m 644 kmod/udev/60-vserial.rules $(DESTDIR)$(UDEVDIR)/60-vserial.rules
	$(if $(DESTDIR),,-udevadm control --reload)
	$(if $(DESTDIR),,-systemd-sysusers vserial.conf)
	$(if $(DESTDIR),,-systemd-tmpfiles --create vserial.conf)
	$(if $(DESTDIR),,-systemctl daemon-reload)

install-libvirt-hook: ## install the hook that makes ports of libvirt's domains, and expects those that migrate
	install -D -m 755 packaging/libvirt-hook $(HOOK)

# Those that systemctl may have enabled.
enabled = vseriald vserial-restore vserial-vspc vserial-firewall vserial-migrate.socket

uninstall: ## remove what install installed, but for settings
	$(if $(DESTDIR),,-systemctl disable --now $(enabled))
	$(MAKE) -C helper uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	rm -f $(MODDIR)/vserial.ko $(load_files) $(DESTDIR)$(UDEVDIR)/60-vserial.rules $(HOOK)
	$(if $(DESTDIR),,depmod $(KVER))
	$(if $(DESTDIR),,-udevadm control --reload)
	$(if $(DESTDIR),,-systemctl daemon-reload)

deb: ## build Debian packages of all, in build/deb
	@tests/vm/deps deb
	@packaging/deb

clean: ## remove what was built
	rm -rf build
	rm -rf .tmp_versions
	rm -f vserial.ko vserial.o vserial.mod vserial.mod.c vserial.mod.o Module.symvers modules.order
	rm -f .*.cmd kmod/*.o kmod/.*.cmd kmod/.*.d
	$(MAKE) -C helper clean
	$(MAKE) -C tests/unit clean
	$(MAKE) -C tests/fuzz clean
	$(MAKE) -C tests/tools clean
	$(MAKE) -C tests/bench clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18

.PHONY: all module helper headers run check check-debug check-kcsan check-packages coverage bench fuzz fuzz-kernel \
	soak style install install-module install-load install-tools install-libvirt-hook uninstall dkms-install dkms-uninstall \
	dkms-source deb clean help
