/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's ports as hypervisors are told of them. */
#ifndef VSERIALCTL_EXPORT_H
#define VSERIALCTL_EXPORT_H

#include <stddef.h>
#include <stdio.h>

#include "object.h"

/**
 * export_qemu() - write options for QEMU's command line, on a PC
 * @file: where to; a line an option, without characters special to a shell
 * @guest: the guest's name
 * @ports: its ports, by index
 * @n: how many
 *
 * Ports 0 to 3 are COM1 to COM4; those behind them sit on PCI cards of four.
 */
void export_qemu(FILE *file, const char *guest, const struct port *ports, size_t n);

/** export_libvirt() - write what belongs into <devices> of a libvirt domain. */
void export_libvirt(FILE *file, const char *guest, const struct port *ports, size_t n);

/** export_vmx() - write lines of the .vmx of a guest on ESXi with such ports. */
void export_vmx(FILE *file, const char *guest, const struct port *ports, size_t n);

#endif
