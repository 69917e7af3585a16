// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of ciphers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cipher.h"
#include "unit.h"

static struct cipher_lists lists;
static char why[256];

static void test_names(void **state)
{
	static const struct {
		const char *text;
		const char *old;
		const char *new;
	} tries[] = {
		{ "DHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA",
		  "DHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA", "" },
		{ " DHE-RSA-AES256-SHA256 , AES128-SHA ", "DHE-RSA-AES256-SHA256:AES128-SHA", "" },
		{ "tls_aes_128_gcm_sha256", "", "TLS_AES_128_GCM_SHA256" },
		{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_AES_128_CCM_SHA256",
		  "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_CCM_SHA256" },
		/* Each once; one is the end of another. */
		{ "ECDHE-RSA-AES256-SHA,AES256-SHA256,AES256-SHA:AES256-SHA",
		  "ECDHE-RSA-AES256-SHA:AES256-SHA256:AES256-SHA", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		assert_int_equal(cipher_parse(tries[i].text, &lists, why, sizeof(why)), 0);
		assert_string_equal(lists.old, tries[i].old);
		assert_string_equal(lists.new, tries[i].new);
	}
}

static void test_refused(void **state)
{
	static const char *const tries[][2] = {
		{ "AES256-SHA:NONSENSE", "'NONSENSE' is not the name of a cipher" },
		{ "HIGH", "'HIGH' is not the name of a cipher" },
		{ "ALL:@SECLEVEL=0", "'ALL' is not the name of a cipher" },
		{ "AES256-SHA:!aNULL", "'!aNULL' is not the name of a cipher" },
		{ "NULL-SHA256", "'NULL-SHA256' does not encrypt" },
		{ "ECDHE-RSA-NULL-SHA", "'ECDHE-RSA-NULL-SHA' does not encrypt" },
		{ "TLS_RSA_WITH_NULL_SHA256", "'TLS_RSA_WITH_NULL_SHA256' does not encrypt" },
		{ "ADH-AES256-SHA256", "'ADH-AES256-SHA256' authenticates nobody" },
		{ "AECDH-AES256-SHA", "'AECDH-AES256-SHA' authenticates nobody" },
		{ "TLS_DH_anon_WITH_AES_128_GCM_SHA256", "authenticates nobody" },
		{ "PSK-AES256-GCM-SHA384", "needs a secret" },
		{ "RC4-SHA", "'RC4-SHA' is not the name of a cipher" },
		{ ":, ", "names no cipher" },
		{ "", "names no cipher" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		assert_int_equal(cipher_parse(tries[i][0], &lists, why, sizeof(why)), -EINVAL);
		assert_non_null(strstr(why, tries[i][1]));
	}
}

/* What the machine's library has is known, but for what is refused. */
static void test_all(void **state)
{
	char line[128], all[16384] = "";
	size_t n = 0;
	FILE *pipe = popen("openssl ciphers -stdname 'ALL:COMPLEMENTOFALL:!PSK:!SRP:!aNULL:!eNULL:@SECLEVEL=0'"
			   " | tr -s ' ' | cut -d ' ' -f 1,3", "r");

	(void)state;
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		line[strcspn(line, "\n")] = '\0';
		assert_int_equal(cipher_parse(line, &lists, why, sizeof(why)), 0);
		strncat(all, line, sizeof(all) - strlen(all) - 1);
		strncat(all, ":", sizeof(all) - strlen(all) - 1);
		n++;
	}
	assert_int_equal(pclose(pipe), 0);
	assert_true(n > 20);
	/* All together have room. */
	assert_int_equal(cipher_parse(all, &lists, why, sizeof(why)), 0);
	assert_true(strlen(lists.old) < sizeof(lists.old) - 1);
	assert_true(strlen(lists.new) < sizeof(lists.new) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
