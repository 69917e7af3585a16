// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of ciphers. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cipher.h"
#include "memory.h"

#define BETWEEN ":, "

/**
 * struct cipher - a cipher
 * @name: as OpenSSL has it
 * @standard: as the standards have it; the same for TLS 1.3
 */
static const struct cipher {
	const char *name;
	const char *standard;
} ciphers[] = {
	{ "TLS_AES_256_GCM_SHA384",
	  "TLS_AES_256_GCM_SHA384" },
	{ "TLS_CHACHA20_POLY1305_SHA256",
	  "TLS_CHACHA20_POLY1305_SHA256" },
	{ "TLS_AES_128_GCM_SHA256",
	  "TLS_AES_128_GCM_SHA256" },
	{ "ECDHE-ECDSA-AES256-GCM-SHA384",
	  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ "ECDHE-RSA-AES256-GCM-SHA384",
	  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ "DHE-DSS-AES256-GCM-SHA384",
	  "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384" },
	{ "DHE-RSA-AES256-GCM-SHA384",
	  "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ "ECDHE-ECDSA-CHACHA20-POLY1305",
	  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ "ECDHE-RSA-CHACHA20-POLY1305",
	  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ "DHE-RSA-CHACHA20-POLY1305",
	  "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ "ECDHE-ECDSA-AES256-CCM8",
	  "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8" },
	{ "ECDHE-ECDSA-AES256-CCM",
	  "TLS_ECDHE_ECDSA_WITH_AES_256_CCM" },
	{ "DHE-RSA-AES256-CCM8",
	  "TLS_DHE_RSA_WITH_AES_256_CCM_8" },
	{ "DHE-RSA-AES256-CCM",
	  "TLS_DHE_RSA_WITH_AES_256_CCM" },
	{ "ECDHE-ECDSA-ARIA256-GCM-SHA384",
	  "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384" },
	{ "ECDHE-ARIA256-GCM-SHA384",
	  "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384" },
	{ "DHE-DSS-ARIA256-GCM-SHA384",
	  "TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384" },
	{ "DHE-RSA-ARIA256-GCM-SHA384",
	  "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384" },
	{ "ECDHE-ECDSA-AES128-GCM-SHA256",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ "ECDHE-RSA-AES128-GCM-SHA256",
	  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ "DHE-DSS-AES128-GCM-SHA256",
	  "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256" },
	{ "DHE-RSA-AES128-GCM-SHA256",
	  "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ "ECDHE-ECDSA-AES128-CCM8",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" },
	{ "ECDHE-ECDSA-AES128-CCM",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CCM" },
	{ "DHE-RSA-AES128-CCM8",
	  "TLS_DHE_RSA_WITH_AES_128_CCM_8" },
	{ "DHE-RSA-AES128-CCM",
	  "TLS_DHE_RSA_WITH_AES_128_CCM" },
	{ "ECDHE-ECDSA-ARIA128-GCM-SHA256",
	  "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256" },
	{ "ECDHE-ARIA128-GCM-SHA256",
	  "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256" },
	{ "DHE-DSS-ARIA128-GCM-SHA256",
	  "TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256" },
	{ "DHE-RSA-ARIA128-GCM-SHA256",
	  "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256" },
	{ "ECDHE-ECDSA-AES256-SHA384",
	  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
	{ "ECDHE-RSA-AES256-SHA384",
	  "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
	{ "DHE-RSA-AES256-SHA256",
	  "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256" },
	{ "DHE-DSS-AES256-SHA256",
	  "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256" },
	{ "ECDHE-ECDSA-CAMELLIA256-SHA384",
	  "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384" },
	{ "ECDHE-RSA-CAMELLIA256-SHA384",
	  "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384" },
	{ "DHE-RSA-CAMELLIA256-SHA256",
	  "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256" },
	{ "DHE-DSS-CAMELLIA256-SHA256",
	  "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256" },
	{ "ECDHE-ECDSA-AES128-SHA256",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
	{ "ECDHE-RSA-AES128-SHA256",
	  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ "DHE-RSA-AES128-SHA256",
	  "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ "DHE-DSS-AES128-SHA256",
	  "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256" },
	{ "ECDHE-ECDSA-CAMELLIA128-SHA256",
	  "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256" },
	{ "ECDHE-RSA-CAMELLIA128-SHA256",
	  "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256" },
	{ "DHE-RSA-CAMELLIA128-SHA256",
	  "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256" },
	{ "DHE-DSS-CAMELLIA128-SHA256",
	  "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256" },
	{ "ECDHE-ECDSA-AES256-SHA",
	  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
	{ "ECDHE-RSA-AES256-SHA",
	  "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
	{ "DHE-RSA-AES256-SHA",
	  "TLS_DHE_RSA_WITH_AES_256_CBC_SHA" },
	{ "DHE-DSS-AES256-SHA",
	  "TLS_DHE_DSS_WITH_AES_256_CBC_SHA" },
	{ "DHE-RSA-CAMELLIA256-SHA",
	  "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA" },
	{ "DHE-DSS-CAMELLIA256-SHA",
	  "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA" },
	{ "ECDHE-ECDSA-AES128-SHA",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
	{ "ECDHE-RSA-AES128-SHA",
	  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	{ "DHE-RSA-AES128-SHA",
	  "TLS_DHE_RSA_WITH_AES_128_CBC_SHA" },
	{ "DHE-DSS-AES128-SHA",
	  "TLS_DHE_DSS_WITH_AES_128_CBC_SHA" },
	{ "DHE-RSA-CAMELLIA128-SHA",
	  "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA" },
	{ "DHE-DSS-CAMELLIA128-SHA",
	  "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA" },
	{ "AES256-GCM-SHA384",
	  "TLS_RSA_WITH_AES_256_GCM_SHA384" },
	{ "AES256-CCM8",
	  "TLS_RSA_WITH_AES_256_CCM_8" },
	{ "AES256-CCM",
	  "TLS_RSA_WITH_AES_256_CCM" },
	{ "ARIA256-GCM-SHA384",
	  "TLS_RSA_WITH_ARIA_256_GCM_SHA384" },
	{ "AES128-GCM-SHA256",
	  "TLS_RSA_WITH_AES_128_GCM_SHA256" },
	{ "AES128-CCM8",
	  "TLS_RSA_WITH_AES_128_CCM_8" },
	{ "AES128-CCM",
	  "TLS_RSA_WITH_AES_128_CCM" },
	{ "ARIA128-GCM-SHA256",
	  "TLS_RSA_WITH_ARIA_128_GCM_SHA256" },
	{ "AES256-SHA256",
	  "TLS_RSA_WITH_AES_256_CBC_SHA256" },
	{ "CAMELLIA256-SHA256",
	  "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256" },
	{ "AES128-SHA256",
	  "TLS_RSA_WITH_AES_128_CBC_SHA256" },
	{ "CAMELLIA128-SHA256",
	  "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256" },
	{ "AES256-SHA",
	  "TLS_RSA_WITH_AES_256_CBC_SHA" },
	{ "CAMELLIA256-SHA",
	  "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA" },
	{ "AES128-SHA",
	  "TLS_RSA_WITH_AES_128_CBC_SHA" },
	{ "CAMELLIA128-SHA",
	  "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA" },
	{ "TLS_AES_128_CCM_SHA256",
	  "TLS_AES_128_CCM_SHA256" },
};

#define CIPHERS (sizeof(ciphers) / sizeof(*ciphers))

static const struct cipher *find(const char *word)
{
	const struct cipher *cipher;

	for (cipher = ciphers; cipher < ciphers + CIPHERS; cipher++)
		if (!strcasecmp(cipher->name, word) || !strcasecmp(cipher->standard, word))
			return cipher;
	return NULL;
}

/* What is wrong with a name that is not among those above. */
static const char *fault_of(const char *word)
{
	if (strcasestr(word, "NULL") && !strpbrk(word, "!+@"))
		return "does not encrypt";
	if (!strncasecmp(word, "ADH-", 4) || !strncasecmp(word, "AECDH-", 6) ||
	    strcasestr(word, "_anon_"))
		return "authenticates nobody";
	if (strcasestr(word, "PSK") || strcasestr(word, "SRP-"))
		return "needs a secret that both sides share, for which there is no key";
	return "is not the name of a cipher, such as ECDHE-RSA-AES256-GCM-SHA384";
}

static bool is_in(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = list; (at = strstr(at, name)); at += len)
		if ((at == list || at[-1] == ':') && (!at[len] || at[len] == ':'))
			return true;
	return false;
}

/* Each once, so that all there are have room. */
static void add(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	if (!is_in(list, name))
		snprintf(list + len, size - len, "%s%s", len ? ":" : "", name);
}

static bool is_new(const struct cipher *cipher)
{
	return !strcmp(cipher->name, cipher->standard);
}

int cipher_parse(const char *text, struct cipher_lists *lists, char *why, size_t size)
{
	char *words = xstrdup(text), *save = NULL, *word;
	int rc = 0;

	*lists = (struct cipher_lists){ 0 };
	for (word = strtok_r(words, BETWEEN, &save); word && !rc;
	     word = strtok_r(NULL, BETWEEN, &save)) {
		const struct cipher *cipher = find(word);

		if (!cipher) {
			snprintf(why, size, "'%.60s' %s", word, fault_of(word));
			rc = -EINVAL;
		} else if (is_new(cipher)) {
			add(lists->new, sizeof(lists->new), cipher->name);
		} else {
			add(lists->old, sizeof(lists->old), cipher->name);
		}
	}
	if (!rc && !*lists->old && !*lists->new) {
		snprintf(why, size, "'%.60s' names no cipher", text);
		rc = -EINVAL;
	}
	free(words);
	return rc;
}
