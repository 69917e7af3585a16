# SPDX-License-Identifier: GPL-2.0-or-later
# The version of everything, as the newest entry of debian/changelog has it.
VERSION	:= $(shell sed -n '1s/.*(\(.*\)).*/\1/p' $(dir $(lastword $(MAKEFILE_LIST)))debian/changelog)
