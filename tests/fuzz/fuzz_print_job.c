// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs end in the same places, however their bytes are cut into pieces. */
#include <string.h>

#include "fuzz.h"
#include "print_job.h"

/* Where jobs end, a bit for each place; in pieces of @piece bytes. */
static void ends_of(const uint8_t *data, size_t size, size_t piece, uint8_t *ends,
		    struct print_job *job)
{
	size_t at = 0, took, want;
	bool end;

	memset(ends, 0, size + 1);
	*job = (struct print_job){ 0 };
	while (at < size) {
		want = size - at < piece ? size - at : piece;
		took = print_job_take(job, data + at, want, &end);
		/* All of it, unless a job ends. */
		RULE(took == want || (end && took && took < want));
		at += took;
		ends[at] = end;
		/* Nothing is left over from the job before. */
		RULE(!end || (!job->content && !job->page_end && !job->data));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *whole = malloc(size + 1), *cut = malloc(size + 1);
	struct print_job a, b;
	size_t i;

	RULE(whole && cut);
	ends_of(data, size, SIZE_MAX, whole, &a);
	ends_of(data, size, 1, cut, &b);
	RULE(!memcmp(whole, cut, size + 1));
	RULE(a.content == b.content && a.page_end == b.page_end && a.data == b.data &&
	     a.state == b.state);
	/* A job ends behind ESC E alone. */
	for (i = 0; i <= size; i++)
		RULE(!whole[i] || (i >= 2 && data[i - 1] == 'E' && data[i - 2] == 0x1b));
	free(whole);
	free(cut);
	return 0;
}
