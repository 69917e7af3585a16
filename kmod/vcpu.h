/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu: virtual processors of KVM that poll a UART's registers
 */
#ifndef _VSERIAL_VCPU_H
#define _VSERIAL_VCPU_H

int vserial_vcpu_init(void);
void vserial_vcpu_exit(void);

#endif /* _VSERIAL_VCPU_H */
