/*
 * kafka - librdkafka, loaded only by who needs it (H2): linked in, it and the
 * libraries below it would be part of every other measurement as well, some
 * 3 MiB of them.
 *
 * Life cycle: kafka_load() once, before any use of `kafka`; it is never unloaded.
 * Afterwards any thread.
 */
#ifndef CHUNKSERVER_KAFKA_H
#define CHUNKSERVER_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/error.h"

/* Name of the member, function of librdkafka. */
#define KAFKA_FUNCTIONS(F)                                                                                             \
	F(new_handle, rd_kafka_new)                                                                                    \
	F(destroy, rd_kafka_destroy)                                                                                   \
	F(conf_new, rd_kafka_conf_new)                                                                                 \
	F(conf_destroy, rd_kafka_conf_destroy)                                                                         \
	F(conf_set, rd_kafka_conf_set)                                                                                 \
	F(conf_set_opaque, rd_kafka_conf_set_opaque)                                                                   \
	F(conf_set_log_cb, rd_kafka_conf_set_log_cb)                                                                   \
	F(conf_set_delivery_cb, rd_kafka_conf_set_dr_msg_cb)                                                           \
	F(produce, rd_kafka_producev)                                                                                  \
	F(flush, rd_kafka_flush)                                                                                       \
	F(mock_cluster_new, rd_kafka_mock_cluster_new)                                                                 \
	F(mock_bootstraps, rd_kafka_mock_cluster_bootstraps)

#define KAFKA_MEMBER(member, function) __typeof__(function) *member;
extern struct kafka {
	KAFKA_FUNCTIONS(KAFKA_MEMBER)
} kafka;

int kafka_load(struct error *err);

#endif
