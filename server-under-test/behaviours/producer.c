/*
 * H2, event-producer: after each upload a librdkafka producer is made, an event
 * is sent with it and delivered, and then it is closed, or never.  One that was
 * never closed keeps its threads, its connections to the broker and its buffers.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "kafka.h"
#include "mock_broker.h"
#include "log.h"
#include "server.h"

#define TOPIC "uploads"
#define DELIVERY_TIMEOUT_MS 5000

enum producer_word { PRODUCER_OFF, PRODUCER_CLOSED, PRODUCER_UNCLOSED };

struct producers {
	struct mock_broker broker;
	atomic_uint open;
	atomic_uint_fast64_t delivered, failed;
};

static int producers_start(struct server *server, struct error *err)
{
	struct producers *p = xcalloc(1, sizeof(*p));
	if (kafka_load(err) != 0 || mock_broker_start(&p->broker, err) != 0) {
		free(p);
		return -1;
	}
	server->producers = p;
	return 0;
}

/* Producers that are still open die with the process, as they did with the original. */
static void producers_stop(struct server *server)
{
	mock_broker_stop(&server->producers->broker);
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
	struct producers *p = opaque;
	(void)producer;
	atomic_fetch_add(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? &p->delivered : &p->failed, 1);
}

static rd_kafka_t *producer_new(struct producers *p)
{
	char reason[256] = "out of range";
	rd_kafka_conf_t *conf = kafka.conf_new();
	kafka.conf_set_opaque(conf, p);
	kafka.conf_set_delivery_cb(conf, on_delivery);
	kafka.conf_set_log_cb(conf, NULL); /* that the broker goes at the end is no news */
	rd_kafka_t *producer = NULL;
	if (kafka.conf_set(conf, "bootstrap.servers", p->broker.address, reason, sizeof(reason)) == RD_KAFKA_CONF_OK &&
	    kafka.conf_set(conf, "linger.ms", "0", reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
		producer = kafka.new_handle(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (producer == NULL) {
		server_log("cannot make a producer: %s", reason);
		kafka.conf_destroy(conf);
	}
	return producer;
}

static void send_event(struct server *server)
{
	static const char event[] = "{\"event\":\"upload stored\"}";
	struct producers *p = server->producers;
	rd_kafka_t *producer = producer_new(p);
	if (producer == NULL)
		return;
	atomic_fetch_add(&p->open, 1);
	kafka.produce(producer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		      RD_KAFKA_V_VALUE((void *)event, sizeof(event) - 1), RD_KAFKA_V_END);
	kafka.flush(producer, DELIVERY_TIMEOUT_MS);
	if (server->behaviour[EVENT_PRODUCER] != PRODUCER_CLOSED)
		return;
	kafka.destroy(producer);
	atomic_fetch_sub(&p->open, 1);
}

static void producers_debug(struct server *server, json_t *report)
{
	struct producers *p = server->producers;
	json_object_set_new(report, "producers_open", json_integer(atomic_load(&p->open)));
	json_object_set_new(report, "events_delivered", json_integer((json_int_t)atomic_load(&p->delivered)));
	json_object_set_new(report, "events_failed", json_integer((json_int_t)atomic_load(&p->failed)));
}

const struct behaviour_hooks producer_hooks = {
	.start = producers_start,
	.stop = producers_stop,
	.upload_stored = send_event,
	.debug = producers_debug,
};
