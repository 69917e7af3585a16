// SPDX-License-Identifier: GPL-2.0-or-later
/* nftables, by libnftables, here alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <nftables/libnftables.h>

#include "firewall_host.h"

int nftables_run(const char *commands, char *why)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *said;
	int rc = -ENOMEM;

	snprintf(why, FIREWALL_WHY_MAX, "nftables: out of memory");
	if (!nft)
		return rc;
	if (!nft_ctx_buffer_error(nft) && !nft_ctx_buffer_output(nft)) {
		rc = nft_run_cmd_from_buffer(nft, commands) ? -EINVAL : 0;
		said = nft_ctx_get_error_buffer(nft);
		/* The first line says what, those below show where. */
		snprintf(why, FIREWALL_WHY_MAX, "nftables: %.*s", (int)strcspn(said, "\n"), said);
	}
	nft_ctx_free(nft);
	return rc;
}

json_t *nftables_list(void)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	json_t *ruleset = NULL;

	if (!nft)
		return NULL;
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_STATELESS);
	if (!nft_ctx_buffer_error(nft) && !nft_ctx_buffer_output(nft) &&
	    !nft_run_cmd_from_buffer(nft, "list ruleset"))
		ruleset = json_loads(nft_ctx_get_output_buffer(nft), 0, NULL);
	nft_ctx_free(nft);
	return ruleset;
}
