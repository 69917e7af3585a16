// SPDX-License-Identifier: GPL-2.0-or-later
/* Any specification is understood, or refused in words. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *spec = malloc(size + 1);
	char why[URI_WHY_MAX] = "";
	struct uri uri;
	int rc;

	RULE(spec);
	memcpy(spec, data, size);
	spec[size] = '\0';
	rc = uri_parse(spec, &uri, why, sizeof(why));
	RULE(rc == 0 || rc == -EINVAL || rc == -ENOTSUP);
	if (!rc) {
		RULE(memchr(uri.host, '\0', sizeof(uri.host)));
		RULE(memchr(uri.path, '\0', sizeof(uri.path)));
		RULE(uri.kind != URI_PIPE || *uri.path);
		uri_free(&uri);
	}
	if (rc == -EINVAL)
		RULE(*why && memchr(why, '\0', sizeof(why)));
	/* The one asks the other. */
	RULE((uri_check(spec, why, sizeof(why)) == 0) == (rc != -EINVAL));
	free(spec);
	return 0;
}
