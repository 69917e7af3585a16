// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a peer is who it has to be, and if not, why. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "address.h"
#include "printable.h"
#include "tls_rules.h"

#define NAMES_MAX 160

bool tls_is_address(const char *name)
{
	struct address address;

	return !address_numeric(name, 0, &address);
}

const char *tls_reason(void)
{
	unsigned long err = ERR_peek_error();
	const char *text = ERR_reason_error_string(err);

	if (ERR_SYSTEM_ERROR(err))
		return strerror(ERR_GET_REASON(err));
	return text ? text : "no reason is known";
}

void tls_check_failed(struct tls_check *check, const char *format, ...)
{
	va_list args;

	if (*check->why)
		return;
	va_start(args, format);
	vsnprintf(check->why, sizeof(check->why), format, args);
	va_end(args);
}

/* Control characters and what is no ASCII is written in hexadecimal digits. */
static void name_text(const X509_NAME *name, char *text, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int len = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(bio, text, (int)size - 1);
	text[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
}

void tls_subject(const X509 *cert, char *text, size_t size)
{
	name_text(X509_get_subject_name(cert), text, size);
}

static void time_text(const ASN1_TIME *time, char *text, size_t size)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm) || !strftime(text, size, "%F %T UTC", &tm))
		snprintf(text, size, "a time that cannot be read");
}

/* Thumbprint. */

static const EVP_MD *digest_of(size_t digits)
{
	switch (digits) {
	case 40:
		return EVP_sha1();
	case 64:
		return EVP_sha256();
	case 96:
		return EVP_sha384();
	default:
		return EVP_sha512();
	}
}

/* Return: whether the certificate is the one that was named. */
static bool check_thumbprint(struct tls_check *check, const X509 *cert)
{
	const char *want = check->rules->thumbprint;
	char have[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;
	size_t i;

	if (!X509_digest(cert, digest_of(strlen(want)), digest, &len)) {
		tls_check_failed(check, "cannot make the peer's thumbprint: %s", tls_reason());
		return false;
	}
	for (i = 0; i < len; i++)
		snprintf(have + 2 * i, 3, "%02x", digest[i]);
	if (strlen(have) == strlen(want) && !CRYPTO_memcmp(have, want, strlen(have)))
		return true;
	tls_check_failed(check, "the peer's certificate has the thumbprint %s, not %s", have, want);
	return false;
}

/* Names. */

/* Adds a name to a list of those that a certificate has; it may hold anything. */
static void add_name(char *names, const GENERAL_NAME *name)
{
	size_t len = strlen(names);
	char text[64], *safe;

	if (name->type == GEN_DNS)
		snprintf(text, sizeof(text), "%.*s", ASN1_STRING_length(name->d.dNSName),
			 (const char *)ASN1_STRING_get0_data(name->d.dNSName));
	else if (name->type != GEN_IPADD ||
		 !inet_ntop(ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6,
			    ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof(text)))
		return;
	safe = printable(text, false);
	snprintf(names + len, NAMES_MAX - len, "%s%s", len ? ", " : "", safe);
	free(safe);
}

/* The names that a certificate is for, so far as they are compared with. */
static void all_names(const X509 *cert, char names[NAMES_MAX])
{
	GENERAL_NAMES *found = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int i;

	*names = '\0';
	for (i = 0; i < sk_GENERAL_NAME_num(found); i++)
		add_name(names, sk_GENERAL_NAME_value(found, i));
	GENERAL_NAMES_free(found);
	if (!*names)
		tls_subject(cert, names, NAMES_MAX);
}

bool tls_check_names(struct tls_check *check, X509 *cert, char *const *names, size_t n)
{
	char text[NAMES_MAX];
	size_t i;

	if (!cert) {
		tls_check_failed(check, "it sent no certificate");
		return false;
	}
	for (i = 0; i < n; i++)
		if (tls_is_address(names[i]) ? X509_check_ip_asc(cert, names[i], 0) == 1 :
		    X509_check_host(cert, names[i], 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1)
			return true;
	if (!n)
		return true;
	all_names(cert, text);
	tls_check_failed(check, "its certificate is for %s, which is not among the names that are allowed",
			 text);
	return false;
}

/* Reasons. */

static void explain_issuer(struct tls_check *check, const X509 *cert, const char *who)
{
	char issuer[96];

	name_text(X509_get_issuer_name(cert), issuer, sizeof(issuer));
	tls_check_failed(check, "%s was issued by %s, who is not among the authorities of %s", who,
			 issuer, check->rules->authorities);
}

static void explain(struct tls_check *check, X509_STORE_CTX *store)
{
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int err = X509_STORE_CTX_get_error(store);
	char subject[96], who[160], text[NAMES_MAX];

	if (!cert)
		cert = X509_STORE_CTX_get0_cert(store);
	tls_subject(cert, subject, sizeof(subject));
	snprintf(who, sizeof(who), "the %s certificate (%s)",
		 X509_STORE_CTX_get_error_depth(store) > 0 ? "peer's authority's" : "peer's",
		 subject);
	switch (err) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		all_names(cert, text);
		tls_check_failed(check, "the peer's certificate is for %s, not for %s", text,
				 check->rules->name);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		time_text(X509_get0_notAfter(cert), text, sizeof(text));
		tls_check_failed(check, "%s has expired: it was valid until %s", who, text);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		time_text(X509_get0_notBefore(cert), text, sizeof(text));
		tls_check_failed(check, "%s is not valid before %s", who, text);
		break;
	case X509_V_ERR_INVALID_PURPOSE:
		tls_check_failed(check, "%s is not meant for TLS %s", who,
				 check->rules->server ? "clients" : "servers");
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		explain_issuer(check, cert, who);
		break;
	default:
		tls_check_failed(check, "%s is not accepted: %s", who,
				 X509_verify_cert_error_string(err));
	}
}

/* Return: 1 accepts the peer. */
int tls_check_peer(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_check *check = SSL_get_app_data(ssl);

	(void)arg;
	if (check->rules->chain && X509_verify_cert(store) <= 0) {
		explain(check, store);
		return 0;
	}
	if (check->rules->thumbprint &&
	    !check_thumbprint(check, X509_STORE_CTX_get0_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}
