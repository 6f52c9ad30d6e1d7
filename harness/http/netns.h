/*
 * netns - sockets inside the server's network namespace.  A socket belongs to
 * the namespace its thread was in when it was made (network_namespaces(7)), so
 * the rig steps in for the one call and needs no veth pair.  Loop thread only.
 */
#ifndef OOMRIG_HTTP_NETNS_H
#define OOMRIG_HTTP_NETNS_H

#include <curl/curl.h>
#include <sys/types.h>

#include "base/error.h"

/* Descriptor of pid's network namespace, or -1. */
int netns_open(pid_t pid, struct error *err);

/* Makes easy open its sockets in that namespace; *netns_fd must outlive the transfer.  Nothing for -1. */
void netns_use(CURL *easy, const int *netns_fd);

#endif
