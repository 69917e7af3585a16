/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzers share. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A rule that no input may break. */
#define RULE(holds)							\
	do {								\
		if (!(holds)) {						\
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #holds); \
			abort();					\
		}							\
	} while (0)

/** LLVMFuzzerTestOneInput() - what libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
