// SPDX-License-Identifier: GPL-2.0-or-later
/* TLS, as a layer of a connection; OpenSSL is known here alone. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "memory.h"
#include "transport_tls.h"

/* Authorities of the system, not those of an environment. */
#define SYSTEM_CAS	"/etc/ssl/certs"
/* What a peer may send before the handshake is done; chains are the most of it. */
#define HANDSHAKE_MAX	(64u << 10)
#define CHAIN_MAX	(32u << 10)
/* What is encrypted at a time: a record. */
#define PIECE		16384u
#define WHY_MAX		384

/**
 * struct tls_rules - what is asked of a connection's peer
 * @uri: the specification
 * @ctx: certificates, authorities and ciphers
 * @server: we are the side that was called
 * @chain: its certificate has to be issued by an authority that we know
 * @name: the name that it has to have, or NULL
 */
struct tls_rules {
	const struct uri *uri;
	SSL_CTX *ctx;
	bool server;
	bool chain;
	const char *name;
};

/**
 * struct tls_conn - one connection
 * @conn: what others see
 * @ssl: its state
 * @thumbprint: the peer's has to be this, or NULL
 * @chain: as in its rules
 * @out: bytes that are not encrypted yet, or not written, or NULL
 * @out_at: the first of them
 * @out_len: where they end
 * @wants_write: reading goes on when it can be written
 * @broken: it failed; nothing can be said any more
 * @why: the reason, "" if there is none
 */
struct tls_conn {
	struct conn conn;
	SSL *ssl;
	char *thumbprint;
	bool chain;
	char *out;
	size_t out_at;
	size_t out_len;
	bool wants_write;
	bool broken;
	char why[WHY_MAX];
};

static struct tls_conn *tls_of(struct conn *conn)
{
	return (struct tls_conn *)conn;
}

bool tls_asked(const struct uri *uri)
{
	return uri->thumbprint || uri->peer_name || uri->cipher_list || uri->verify;
}

/* Reasons. */

__attribute__((format(printf, 2, 3)))
static int refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, TRANSPORT_WHY_MAX, format, args);
	va_end(args);
	return -1;
}

static const char *openssl_reason(void)
{
	unsigned long err = ERR_peek_error();
	const char *text = ERR_reason_error_string(err);

	if (ERR_SYSTEM_ERROR(err))
		return strerror(ERR_GET_REASON(err));
	return text ? text : "no reason is known";
}

/* The first reason that was found is the one that is told. */
__attribute__((format(printf, 2, 3)))
static void set_why(struct tls_conn *t, const char *format, ...)
{
	va_list args;

	if (*t->why)
		return;
	va_start(args, format);
	vsnprintf(t->why, sizeof(t->why), format, args);
	va_end(args);
}

static void subject(const X509 *cert, char *text, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int len = 0;

	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(bio, text, (int)size - 1);
	text[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
}

/* What a peer has to prove. */

static bool is_address(const char *name)
{
	struct address address;

	return !address_numeric(name, 0, &address);
}

static const EVP_MD *digest_of(size_t digits)
{
	return digits == 40 ? EVP_sha1() : EVP_sha256();
}

/* Return: whether the certificate is the one that was named. */
static bool check_thumbprint(struct tls_conn *t, const X509 *cert)
{
	const EVP_MD *md = digest_of(strlen(t->thumbprint));
	char have[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len, i;

	if (!X509_digest(cert, md, digest, &len))
		return false;
	for (i = 0; i < len; i++)
		snprintf(have + 2 * i, 3, "%02x", digest[i]);
	if (strlen(have) == strlen(t->thumbprint) &&
	    !CRYPTO_memcmp(have, t->thumbprint, strlen(have)))
		return true;
	set_why(t, "the peer's certificate has the thumbprint %s, not %s", have, t->thumbprint);
	return false;
}

static void explain(struct tls_conn *t, X509_STORE_CTX *store)
{
	int err = X509_STORE_CTX_get_error(store);
	char who[128];

	subject(X509_STORE_CTX_get0_cert(store), who, sizeof(who));
	set_why(t, "the peer's certificate (%s) is not accepted: %s", who,
		X509_verify_cert_error_string(err));
}

/* OpenSSL's callback in place of its own verification: 1 accepts the peer. */
static int check_peer(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_conn *t = SSL_get_app_data(ssl);
	int rc;

	(void)arg;
	if (t->chain) {
		rc = X509_verify_cert(store);
		if (rc <= 0) {
			explain(t, store);
			return 0;
		}
	}
	if (t->thumbprint && !check_thumbprint(t, X509_STORE_CTX_get0_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* Ciphers. */

static bool is_13(const char *name)
{
	return !strncmp(name, "TLS_AES_", 8) || !strncmp(name, "TLS_CHACHA20_", 13);
}

/* The cipher of a name, also of one that nobody should use. */
static const SSL_CIPHER *find_cipher(SSL_CTX *all, const char *name)
{
	const struct stack_st_SSL_CIPHER *ciphers = SSL_CTX_get_ciphers(all);
	int i;

	for (i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

		if (!strcasecmp(SSL_CIPHER_get_name(cipher), name) ||
		    !strcasecmp(SSL_CIPHER_standard_name(cipher), name))
			return cipher;
	}
	return NULL;
}

/**
 * struct cipher_lists - the names of a cipherList
 * @old: those for TLS 1.2, parted by colons
 * @new: those for TLS 1.3
 */
struct cipher_lists {
	char old[2048];
	char new[512];
};

static int add_cipher(struct cipher_lists *lists, SSL_CTX *all, const char *word, char *why)
{
	const SSL_CIPHER *cipher = find_cipher(all, word);
	const char *name = cipher ? SSL_CIPHER_get_name(cipher) : NULL;
	char *list = name && is_13(name) ? lists->new : lists->old;
	size_t size = name && is_13(name) ? sizeof(lists->new) : sizeof(lists->old);
	size_t len = strlen(list);

	if (!cipher)
		return refuse(why, "cipherList: '%.60s' is not a cipher that this machine knows",
			      word);
	if (SSL_CIPHER_get_cipher_nid(cipher) == NID_undef)
		return refuse(why, "cipherList: %s does not encrypt", name);
	if (SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null)
		return refuse(why, "cipherList: %s authenticates nobody", name);
	if (len + strlen(name) + 2 > size)
		return refuse(why, "cipherList: there are too many ciphers");
	snprintf(list + len, size - len, "%s%s", len ? ":" : "", name);
	return 0;
}

static int parse_ciphers(struct cipher_lists *lists, const char *value, char *why)
{
	SSL_CTX *all = SSL_CTX_new(TLS_method());
	char *words = xstrdup(value), *save = NULL, *word;
	int rc = 0;

	if (!all || !SSL_CTX_set_cipher_list(all, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"))
		rc = refuse(why, "cannot list ciphers: %s", openssl_reason());
	for (word = strtok_r(words, ":, ", &save); word && !rc; word = strtok_r(NULL, ":, ", &save))
		rc = add_cipher(lists, all, word, why);
	free(words);
	SSL_CTX_free(all);
	return rc;
}

static int set_ciphers(SSL_CTX *ctx, const char *value, char *why)
{
	struct cipher_lists lists = { 0 };

	if (!value)
		return 0;
	if (parse_ciphers(&lists, value, why))
		return -1;
	if (!*lists.old && !*lists.new)
		return refuse(why, "cipherList: '%.60s' names no cipher", value);
	/* A list without ciphers of a version is a list without that version. */
	if (!*lists.new)
		SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	if (!*lists.old)
		SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	if (*lists.new && !SSL_CTX_set_ciphersuites(ctx, lists.new))
		return refuse(why, "cipherList: cannot use %s: %s", lists.new, openssl_reason());
	if (*lists.old && !SSL_CTX_set_cipher_list(ctx, lists.old))
		return refuse(why, "cipherList: none of %.200s is strong enough for this machine",
			      lists.old);
	return 0;
}

/* Certificates and authorities. */

static int use_certificate(SSL_CTX *ctx, const char *cert, const char *key, char *why)
{
	if (!*key)
		key = cert;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return refuse(why, "cannot use the certificate %s: %s", cert, openssl_reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return refuse(why, "cannot use the key %s: %s", key, openssl_reason());
	if (SSL_CTX_check_private_key(ctx) != 1)
		return refuse(why, "the key %s does not belong to the certificate %s", key, cert);
	return 0;
}

static int use_own(SSL_CTX *ctx, const struct conf *conf, bool server, char *why)
{
	if (server && !*conf->certificate)
		return refuse(why, "a TLS server needs a certificate: set 'certificate' in vseriald.conf");
	if (server)
		return use_certificate(ctx, conf->certificate, conf->key, why);
	if (*conf->client_certificate)
		return use_certificate(ctx, conf->client_certificate, conf->client_key, why);
	return 0;
}

static int trust(SSL_CTX *ctx, const struct conf *conf, bool server, char *why)
{
	const char *path = server ? conf->client_ca : conf->ca;
	struct stack_st_X509_NAME *names;
	struct stat st;
	int ok;

	if (!*path)
		path = SYSTEM_CAS;
	if (stat(path, &st))
		return refuse(why, "cannot read the authorities %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		ok = SSL_CTX_load_verify_dir(ctx, path);
	} else {
		ok = SSL_CTX_load_verify_file(ctx, path);
		names = ok && server ? SSL_load_client_CA_file(path) : NULL;
		if (names)
			SSL_CTX_set_client_CA_list(ctx, names);
	}
	if (ok != 1)
		return refuse(why, "cannot read the authorities %s: %s", path, openssl_reason());
	return 0;
}

/* Return: whether it took the name; an address is compared with addresses. */
static bool expect_name(X509_VERIFY_PARAM *param, const char *name)
{
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name) :
		X509_VERIFY_PARAM_set1_host(param, name, 0);
}

/* What has to be proved, and so what is asked for. */
static int demand(struct tls_rules *rules, const struct conf *conf, char *why)
{
	const struct uri *uri = rules->uri;
	int mode = SSL_VERIFY_NONE;

	rules->chain = uri->verify || uri->peer_name;
	rules->name = uri->peer_name;
	/* Who is dialled has to be who was meant. */
	if (rules->chain && !rules->name && !rules->server)
		rules->name = uri->host;
	if (rules->chain || uri->thumbprint)
		mode = SSL_VERIFY_PEER;
	if (rules->server && (uri->thumbprint || uri->peer_name))
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (rules->name && !expect_name(SSL_CTX_get0_param(rules->ctx), rules->name))
		return refuse(why, "'%.200s' cannot be the name of a peer", rules->name);
	SSL_CTX_set_verify(rules->ctx, mode, NULL);
	if (mode != SSL_VERIFY_NONE)
		SSL_CTX_set_cert_verify_callback(rules->ctx, check_peer, NULL);
	return rules->chain ? trust(rules->ctx, conf, rules->server, why) : 0;
}

static void tune(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
			    SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* A ticket freezes telnet-ssl, and a resumed session proves nothing. */
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			 SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	SSL_CTX_set_dh_auto(ctx, 1);
}

struct tls_rules *tls_rules_new(const struct uri *uri, const struct conf *conf, bool server,
				char *why)
{
	struct tls_rules *rules = xcalloc(1, sizeof(*rules));

	ERR_clear_error();
	rules->uri = uri;
	rules->server = server;
	rules->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!rules->ctx) {
		refuse(why, "cannot set up TLS: %s", openssl_reason());
		free(rules);
		return NULL;
	}
	tune(rules->ctx);
	if (use_own(rules->ctx, conf, server, why) ||
	    set_ciphers(rules->ctx, uri->cipher_list, why) || demand(rules, conf, why)) {
		tls_rules_free(rules);
		return NULL;
	}
	return rules;
}

void tls_rules_free(struct tls_rules *rules)
{
	if (!rules)
		return;
	SSL_CTX_free(rules->ctx);
	free(rules);
}

/* Connections. */

/* Return: the negative errno of a failed call, or 0 for an orderly end. */
static ssize_t failed(struct tls_conn *t, int rc, const char *during)
{
	int saved = errno;

	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		t->wants_write = true;
		return -EBUSY;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->broken = true;
		return saved ? -saved : -ECONNRESET;
	default:
		t->broken = true;
		set_why(t, "%s: %s", during, openssl_reason());
		return -EPROTO;
	}
}

static ssize_t read_tls(struct conn *conn, void *bytes, size_t len)
{
	struct tls_conn *t = tls_of(conn);
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(t->ssl, bytes, (int)len);
	return n > 0 ? n : failed(t, n, "TLS failed");
}

static bool can_write(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	return poll(&poll_fd, 1, 0) > 0;
}

static int flush(struct conn *conn)
{
	struct tls_conn *t = tls_of(conn);
	ssize_t rc;
	int n;

	if (t->wants_write && !can_write(conn->fd))
		return -EAGAIN;
	t->wants_write = false;
	while (t->out) {
		ERR_clear_error();
		errno = 0;
		n = SSL_write(t->ssl, t->out + t->out_at, (int)(t->out_len - t->out_at));
		if (n <= 0) {
			rc = failed(t, n, "TLS failed");
			return rc == -EBUSY ? -EAGAIN : rc ? (int)rc : -EPIPE;
		}
		t->out_at += (size_t)n;
		if (t->out_at < t->out_len)
			continue;
		free(t->out);
		t->out = NULL;
	}
	return 0;
}

static ssize_t write_tls(struct conn *conn, const struct iovec *iov, int n)
{
	struct tls_conn *t = tls_of(conn);
	size_t taken = 0, len;
	int i, rc = flush(conn);

	if (rc)
		return rc;
	/* OpenSSL wants the same bytes again, which a ring may have lost by then. */
	t->out = xcalloc(1, PIECE);
	for (i = 0; i < n && taken < PIECE; i++) {
		len = iov[i].iov_len < PIECE - taken ? iov[i].iov_len : PIECE - taken;
		memcpy(t->out + taken, iov[i].iov_base, len);
		taken += len;
	}
	t->out_at = 0;
	t->out_len = taken;
	if (!taken) {
		free(t->out);
		t->out = NULL;
	}
	rc = flush(conn);
	return rc && rc != -EAGAIN ? rc : (ssize_t)taken;
}

static size_t unsettled(const struct conn *conn)
{
	const struct tls_conn *t = (const struct tls_conn *)conn;
	size_t held = t->out ? t->out_len : 0;

	/* Records are longer than what is in them, so these are not too few. */
	return conn_unsettled(conn->below) + held;
}

static bool pending(const struct conn *conn)
{
	return SSL_pending(((const struct tls_conn *)conn)->ssl) > 0;
}

static const char *why(const struct conn *conn)
{
	const struct tls_conn *t = (const struct tls_conn *)conn;

	return *t->why ? t->why : NULL;
}

static void end(struct conn *conn)
{
	struct tls_conn *t = tls_of(conn);

	ERR_clear_error();
	if (!t->broken && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	free(t->thumbprint);
	free(t->out);
	free(t);
}

static const struct conn_ops tls_ops = {
	.read = read_tls,
	.write = write_tls,
	.flush = flush,
	.unsettled = unsettled,
	.pending = pending,
	.why = why,
	.end = end,
};

struct conn *conn_tls(struct conn *below, const struct tls_rules *rules)
{
	struct tls_conn *t = xcalloc(1, sizeof(*t));

	t->conn.ops = &tls_ops;
	t->conn.below = below;
	t->conn.fd = below->fd;
	t->chain = rules->chain;
	if (rules->uri->thumbprint)
		t->thumbprint = xstrdup(rules->uri->thumbprint);
	ERR_clear_error();
	t->ssl = SSL_new(rules->ctx);
	if (!t->ssl || !SSL_set_fd(t->ssl, below->fd))
		errx(MEMORY_STATUS, "cannot set up TLS: %s", openssl_reason());
	SSL_set_app_data(t->ssl, t);
	if (rules->server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	/* One host may serve many names. */
	if (!rules->server && *rules->uri->host && !is_address(rules->uri->host))
		SSL_set_tlsext_host_name(t->ssl, rules->uri->host);
	return &t->conn;
}

int tls_handshake(struct conn *conn, uint32_t *events)
{
	struct tls_conn *t = tls_of(conn);
	ssize_t rc;
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_do_handshake(t->ssl);
	if (n == 1)
		return 0;
	rc = failed(t, n, "the TLS handshake failed");
	*events = rc == -EBUSY ? EPOLLOUT : EPOLLIN;
	t->wants_write = false;
	if (rc == -EAGAIN || rc == -EBUSY) {
		if (BIO_number_read(SSL_get_rbio(t->ssl)) < HANDSHAKE_MAX)
			return -EAGAIN;
		set_why(t, "it sent more than %u KiB without ending the TLS handshake",
			HANDSHAKE_MAX >> 10);
		t->broken = true;
		return -EPROTO;
	}
	t->broken = true;
	if (!rc)
		set_why(t, "it closed the connection during the TLS handshake");
	return rc ? (int)rc : -ECONNRESET;
}

void tls_describe(const struct conn *conn, char text[ADDRESS_TEXT])
{
	const struct tls_conn *t = (const struct tls_conn *)conn;
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	char who[96] = "";

	if (cert)
		subject(cert, who, sizeof(who));
	snprintf(text, ADDRESS_TEXT, "%s %s%s%s", SSL_get_version(t->ssl),
		 SSL_get_cipher_name(t->ssl), cert ? ", " : "", who);
}
