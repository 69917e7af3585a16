// SPDX-License-Identifier: GPL-2.0-or-later
/* nftables, by libnftables, here alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <nftables/libnftables.h>

#include "firewall_host.h"

/*
 * The library ends the process where it can open no socket of netfilter, so that is tried
 * before.  Return: NULL with errno set and a sentence in @why.
 */
static struct nft_ctx *open_nftables(char *why)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct nft_ctx *nft;

	if (fd < 0) {
		snprintf(why, FIREWALL_WHY_MAX, "nftables: the kernel has none: %m");
		return NULL;
	}
	close(fd);
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		errno = ENOMEM;
	snprintf(why, FIREWALL_WHY_MAX, "nftables: out of memory");
	return nft;
}

int nftables_run(const char *commands, char *why)
{
	struct nft_ctx *nft = open_nftables(why);
	const char *said;
	int rc = -ENOMEM;

	if (!nft)
		return -errno;
	if (!nft_ctx_buffer_error(nft) && !nft_ctx_buffer_output(nft)) {
		rc = nft_run_cmd_from_buffer(nft, commands) ? -EINVAL : 0;
		said = nft_ctx_get_error_buffer(nft);
		/* The first line says what, those below show where. */
		snprintf(why, FIREWALL_WHY_MAX, "nftables: %.*s", (int)strcspn(said, "\n"), said);
	}
	nft_ctx_free(nft);
	return rc;
}

json_t *nftables_list(char *why)
{
	struct nft_ctx *nft = open_nftables(why);
	json_t *ruleset = NULL;

	if (!nft)
		return NULL;
	snprintf(why, FIREWALL_WHY_MAX, "cannot read the rules of nftables; only root can");
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_STATELESS);
	if (!nft_ctx_buffer_error(nft) && !nft_ctx_buffer_output(nft) &&
	    !nft_run_cmd_from_buffer(nft, "list ruleset"))
		ruleset = json_loads(nft_ctx_get_output_buffer(nft), 0, NULL);
	nft_ctx_free(nft);
	return ruleset;
}
