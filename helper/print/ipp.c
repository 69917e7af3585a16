// SPDX-License-Identifier: GPL-2.0-or-later
/* ipp: and ipps:, by libcups, here alone. */
#include <stdio.h>
#include <string.h>

#include <cups/cups.h>

#include "order.h"

#define CONNECT_PATIENCE	30000
/* A certificate and those that vouch for it. */
#define CHAIN_MAX		16

/* What is wrong with the job, and not with the printer. */
static const ipp_status_t refusals[] = {
	IPP_STATUS_ERROR_BAD_REQUEST,
	IPP_STATUS_ERROR_REQUEST_ENTITY,
	IPP_STATUS_ERROR_ATTRIBUTES_OR_VALUES,
	IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
	IPP_STATUS_ERROR_CONFLICTING,
	IPP_STATUS_ERROR_COMPRESSION_NOT_SUPPORTED,
	IPP_STATUS_ERROR_DOCUMENT_FORMAT_ERROR,
};

static enum print_result answer(struct order *order, http_t *http, bool answered)
{
	ipp_status_t status = cupsLastError();
	enum print_result result = PRINT_AGAIN;
	size_t i;

	/* A printer that goes without a word is no error to libcups. */
	if (status <= IPP_STATUS_OK_EVENTS_COMPLETE)
		return answered ? PRINT_DONE :
		       order_lost(order, "in the middle of a job", httpError(http));
	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (status == refusals[i])
			result = PRINT_REFUSED;
	return order_fails(order, result, "%s: %.150s", ippErrorString(status),
			   cupsLastErrorString());
}

static bool check_certificate(struct order *order, http_t *http)
{
	const unsigned char *der[CHAIN_MAX];
	size_t lens[CHAIN_MAX], n = 0;
	cups_array_t *chain = NULL;
	const http_credential_t *credential;
	bool right;

	if (!order->uri.verify && !order->uri.peer_name && !order->uri.thumbprint)
		return true;
	if (httpCopyCredentials(http, &chain)) {
		order_fails(order, PRINT_AGAIN, "the printer %.100s shows no certificate",
			    order->uri.host);
		return false;
	}
	for (credential = cupsArrayFirst(chain); credential && n < CHAIN_MAX;
	     credential = cupsArrayNext(chain)) {
		der[n] = credential->data;
		lens[n++] = credential->datalen;
	}
	right = certificate_check(order, der, lens, n);
	httpFreeCredentials(chain);
	return right;
}

/* A connection is there.  Return: whether it is with the printer that is meant. */
static bool meet(struct order *order, http_t *http)
{
	order_keep_alive(httpGetFd(http));
	return check_certificate(order, http);
}

static ipp_t *new_request(const struct order *order)
{
	ipp_t *request = ippNewRequest(IPP_OP_PRINT_JOB);
	char uri[HTTP_MAX_URI];

	httpAssembleURI(HTTP_URI_CODING_MOST, uri, sizeof(uri), order->uri.scheme, NULL,
			order->uri.host, (int)order->uri.port, order->uri.resource);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL,
		     order->user);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, order->title);
	/* Otherwise the printer, or its spooler, finds out what it is. */
	if (order->uri.format)
		ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL,
			     order->uri.format);
	return request;
}

static enum print_result send_job(struct order *order, http_t *http)
{
	static char bytes[65536];
	ipp_t *request = new_request(order);
	http_status_t status;
	ipp_t *response;
	ssize_t n = 1;

	status = cupsSendRequest(http, request, order->uri.resource, CUPS_LENGTH_VARIABLE);
	ippDelete(request);
	/* libcups connects again where it has lost the connection: perhaps with somebody else. */
	if (status == HTTP_STATUS_CONTINUE && !meet(order, http))
		return PRINT_AGAIN;
	while (status == HTTP_STATUS_CONTINUE && n > 0) {
		n = order_read(order, bytes, sizeof(bytes));
		if (n < 0)
			return PRINT_AGAIN;
		if (n)
			status = cupsWriteRequestData(http, bytes, (size_t)n);
	}
	/* It may have answered before it had all. */
	response = cupsGetResponse(http, order->uri.resource);
	ippDelete(response);
	return answer(order, http, response);
}

/* Whoever asks for a password would wait for ever. */
static const char *no_password(const char *prompt, http_t *http, const char *method,
			       const char *resource, void *arg)
{
	(void)prompt;
	(void)http;
	(void)method;
	(void)resource;
	(void)arg;
	return NULL;
}

enum print_result ipp_print(struct order *order)
{
	http_encryption_t encryption = order->uri.tls ? HTTP_ENCRYPTION_ALWAYS :
				       HTTP_ENCRYPTION_IF_REQUESTED;
	enum print_result result = PRINT_AGAIN;
	http_t *http;

	cupsSetPasswordCB2(no_password, NULL);
	cupsSetUser(order->user);
	http = httpConnect2(order->uri.host, (int)order->uri.port, NULL, AF_UNSPEC, encryption, 1,
			    CONNECT_PATIENCE, NULL);
	if (!http)
		return order_fails(order, PRINT_AGAIN, "cannot connect to %.100s port %u: %.80s",
				   order->uri.host, order->uri.port, cupsLastErrorString());
	if (meet(order, http))
		result = send_job(order, http);
	httpClose(http);
	return result;
}
