/* Calls in flight over TCP connections to one server: the part of the load client that has sockets. */
#ifndef NET_H
#define NET_H
#include <stddef.h>
#include "wire.h"

enum { CONNECTIONS_MAX = 256, PENDING_MAX = 1 << 16 };

/* Latencies in buckets 1/32 of a power of two wide: 3 % of precision from 1 ns to minutes. */
enum { BUCKETS = 64 * 32 };
struct histogram { uint64_t count, bucket[BUCKETS]; };
uint64_t histogram_quantile_ns(const struct histogram *h, double q);

struct server;
struct server *server_open(const char *host, int port);

/* An encoded call (wire.h) and what its sender wants to know it by when the reply comes. */
struct call { const uint8_t *bytes; uint32_t size, tag; };

/* What drives a pump: `next` gives the next call or false when there is none now; `reply` gets the results after the
 * accepted header. The pump ends when `next` has none and nothing is in flight. */
struct job {
    bool (*next)(struct job *job, uint64_t now_ns, struct call *call);
    void (*reply)(struct job *job, uint32_t tag, struct reader *r);
};

struct flow { uint64_t calls, nanoseconds; struct histogram latency; };

/* Keeps `depth` calls in flight on each of `connections` connections. All calls that one received buffer made room
 * for leave with one write. */
void pump(struct server *server, int connections, int depth, struct job *job, struct flow *flow);

/* One call, waited for: the results are in `r`, valid until the next call. */
void call_once(struct server *server, const uint8_t *bytes, uint32_t size, struct reader *r);

uint64_t clock_ns(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif
