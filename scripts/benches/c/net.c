/* Connections, record marking, xids, latencies.
 *
 * An xid is a serial number that starts from the clock and is never used twice by this process: servers keep replay
 * caches by (address, port, xid) and would drop a repeated one silently. It is also the index into the table of
 * pending calls, so a reply is matched with one look, in whatever order the server answers.
 *
 * One connection is read with a blocking recv and no epoll: with one call in flight the client should cost little. */
#include "net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* One receive gets many small replies; of a record known to be larger, exactly the rest is asked for, so that large
 * data is never moved and the same memory, still in the cache, takes the next one. */
enum { SMALL_RECV = 256 << 10, IN_ROOM = 4 << 20, SILENCE_S = 60 };

struct connection { int fd, in_flight; size_t filled, taken, out_size, out_room; uint8_t *in, *out; };
struct pending { uint64_t start_ns; uint32_t xid, tag, busy; };
struct server {
    struct sockaddr_in address;
    struct connection connection[CONNECTIONS_MAX];
    int opened, epoll;
    uint32_t xid;
    struct pending pending[PENDING_MAX];
};

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void histogram_add(struct histogram *h, uint64_t ns) {
    unsigned power = 63u - (unsigned)__builtin_clzll(ns | 32); /* at least 5: below 32 ns buckets are 1 ns */
    h->bucket[((power - 5) << 5) + (ns >> (power - 5))]++;
    h->count++;
}

uint64_t histogram_quantile_ns(const struct histogram *h, double q) {
    uint64_t wanted = (uint64_t)(q * (double)h->count), seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen > wanted) return i < 64 ? i : (uint64_t)(32 + (i & 31)) << ((i >> 5) - 1);
    }
    return 0;
}

struct server *server_open(const char *host, int port) {
    struct server *s = calloc(1, sizeof *s);
    s->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &s->address.sin_addr) != 1) die("%s is not an IPv4 address", host);
    s->epoll = epoll_create1(0);
    s->xid = (uint32_t)(clock_ns() >> 10) ^ (uint32_t)getpid() << 20;
    return s;
}

/* Opens or closes connections until there are `count`: an idle one may be closed by the server at any time. */
static void open_exactly(struct server *s, int count) {
    if (count < 1 || count > CONNECTIONS_MAX) die("%d connections: give 1 to %d", count, CONNECTIONS_MAX);
    while (s->opened > count) {
        struct connection *c = &s->connection[--s->opened];
        close(c->fd);
        free(c->in);
        free(c->out);
        *c = (struct connection){0};
    }
    for (; s->opened < count; s->opened++) {
        struct connection *c = &s->connection[s->opened];
        int one = 1;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(c->fd, (struct sockaddr *)&s->address, sizeof s->address)) die("connect: %s", strerror(errno));
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct timeval silence = {.tv_sec = SILENCE_S};
        setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &event);
        c->in = malloc(IN_ROOM);
    }
}

/* Fills up to `depth` calls in flight and sends them at once. */
static void send_calls(struct server *s, struct connection *c, int depth, struct job *job) {
    struct call call;
    uint64_t now = clock_ns();
    while (c->in_flight < depth && job->next(job, now, &call)) {
        struct pending *p = &s->pending[++s->xid % PENDING_MAX];
        if (p->busy) die("no reply to xid %08x, %d calls ago", p->xid, PENDING_MAX);
        *p = (struct pending){now, s->xid, call.tag, 1};
        if (c->out_size + call.size > c->out_room) c->out = realloc(c->out, c->out_room = c->out_room * 2 + CALL_MAX);
        memcpy(c->out + c->out_size, call.bytes, call.size);
        store32(c->out + c->out_size + 4, s->xid);
        c->out_size += call.size;
        c->in_flight++;
    }
    for (size_t sent = 0; sent < c->out_size;) {
        ssize_t n = send(c->fd, c->out + sent, c->out_size - sent, MSG_NOSIGNAL);
        if (n < 0) die("send: %s", strerror(errno));
        sent += (size_t)n;
    }
    c->out_size = 0;
}

/* The size of the record at c->taken with all its marks, or, as a negative number, how many bytes must be there
 * before more can be said. `*pieces` counts its fragments. */
static ssize_t record_size(const struct connection *c, int *pieces) {
    const uint8_t *start = c->in + c->taken;
    size_t have = c->filled - c->taken, at = 0;
    for (*pieces = 1;; ++*pieces) {
        if (have < at + 4) return -(ssize_t)(at + 4);
        uint32_t mark = load32(start + at);
        at += 4 + (mark & 0x7fffffff);
        if (at > IN_ROOM) die("a record of more than %d bytes", IN_ROOM);
        if (have < at) return -(ssize_t)at;
        if (mark >> 31) return (ssize_t)at;
    }
}

/* Closes the gaps that the marks of further fragments left: the record's body follows the first mark. */
static size_t join_fragments(uint8_t *record, size_t size) {
    size_t end = 4 + (load32(record) & 0x7fffffff);
    for (size_t from = end; from < size;) {
        size_t piece = load32(record + from) & 0x7fffffff;
        memmove(record + end, record + from + 4, piece);
        end += piece;
        from += 4 + piece;
    }
    return end;
}

static void take_record(struct server *s, struct connection *c, uint8_t *record, size_t size, uint64_t now,
                        struct job *job, struct flow *flow) {
    struct reader r = {record + 4, record + size, false};
    uint32_t xid = size >= 8 ? load32(r.at) : 0;
    struct pending *p = &s->pending[xid % PENDING_MAX];
    if (size < 8 || !p->busy || p->xid != xid) die("a reply with xid %08x, which is not waited for", xid);
    const char *wrong = take_accepted(&r);
    if (wrong) die("%s", wrong);
    p->busy = 0;
    c->in_flight--;
    flow->calls++;
    histogram_add(&flow->latency, now - p->start_ns);
    job->reply(job, p->tag, &r);
}

/* One recv, and all records that it completed. */
static void receive(struct server *s, struct connection *c, struct job *job, struct flow *flow) {
    int pieces;
    ssize_t size = record_size(c, &pieces);
    bool large = -size > SMALL_RECV;
    size_t wanted = large ? (size_t)-size - (c->filled - c->taken) : SMALL_RECV;
    if (c->taken && c->filled + wanted > (large ? IN_ROOM : 2 * SMALL_RECV)) {
        memmove(c->in, c->in + c->taken, c->filled -= c->taken);
        c->taken = 0;
    }
    ssize_t n = recv(c->fd, c->in + c->filled, wanted, 0);
    if (n < 0) die("recv: %s", errno == EAGAIN ? "no reply for 60 s" : strerror(errno));
    if (n == 0) die("the server closed the connection");
    c->filled += (size_t)n;
    uint64_t now = clock_ns();
    while ((size = record_size(c, &pieces)) > 0) {
        uint8_t *record = c->in + c->taken;
        take_record(s, c, record, pieces == 1 ? (size_t)size : join_fragments(record, (size_t)size), now, job, flow);
        c->taken += (size_t)size;
    }
    if (c->taken == c->filled) c->taken = c->filled = 0;
}

void pump(struct server *s, int connections, int depth, struct job *job, struct flow *flow) {
    struct epoll_event events[64];
    int in_flight = 0;
    open_exactly(s, connections);
    *flow = (struct flow){0};
    uint64_t start = clock_ns();
    for (int i = 0; i < connections; i++) {
        send_calls(s, &s->connection[i], depth, job);
        in_flight += s->connection[i].in_flight;
    }
    while (in_flight) {
        int ready = 1;
        events[0].data.ptr = &s->connection[0];
        if (connections > 1) ready = epoll_wait(s->epoll, events, 64, SILENCE_S * 1000);
        if (ready <= 0) die("no reply for %d s", SILENCE_S);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            in_flight -= c->in_flight;
            receive(s, c, job, flow);
            send_calls(s, c, depth, job);
            in_flight += c->in_flight;
        }
    }
    flow->nanoseconds = clock_ns() - start;
}

/* call_once as a job: one call, and its results kept where the connection has them. */
struct single { struct job job; struct call call; struct reader *results; };

static bool single_next(struct job *job, uint64_t now_ns, struct call *call) {
    struct single *one = (struct single *)job;
    (void)now_ns;
    *call = one->call;
    one->call.size = 0;
    return call->size != 0;
}
static void single_reply(struct job *job, uint32_t tag, struct reader *r) {
    (void)tag;
    *((struct single *)job)->results = *r;
}

void call_once(struct server *s, const uint8_t *bytes, uint32_t size, struct reader *r) {
    static struct flow flow;
    struct single one = {{single_next, single_reply}, {bytes, size, 0}, r};
    pump(s, 1, 1, &one.job, &flow);
}
