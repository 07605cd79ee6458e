/* The limit: what an NFS server can do on this machine that only moves bytes. One thread, epoll, canned replies of a
 * real server's sizes; per call it looks at the procedure, copies a reply, sets xid, fileid and handle. All replies to
 * one received buffer leave with one writev; READ data is sent from the mapped file.
 *
 *   phys FILE PORT      on 127.0.0.1; every handle reads FILE. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "wire.h"

enum { IN_ROOM = 256 << 10, OUT_ROOM = 512 << 10, PIECES = 512, REPLY_MAX = 256, HANDLE_BYTES = 28, EVENTS = 64 };
enum { READ_HEADER = 4 + 24 + 4 + 4 + FATTR3_BYTES + 12 }; /* mark .. the data's length */

struct client { int fd; size_t filled; uint8_t in[IN_ROOM]; };
static struct { uint32_t size, fileid_at, handle_at; uint8_t bytes[REPLY_MAX]; } canned[READ + 1];
static const uint8_t *file;
static uint64_t file_size;
static uint8_t out[OUT_ROOM];
static struct iovec piece[PIECES];
static int pieces;

static _Noreturn void fail(const char *what) { perror(what); exit(1); }

static void put_attributes(struct writer *w) {
    put32(w, NF3REG), put32(w, 0444), put32(w, 1), put32(w, 1000), put32(w, 1000);
    put64(w, file_size), put64(w, file_size), put64(w, 0), put64(w, 1), put64(w, 0);
    for (int i = 0; i < 3; i++) put64(w, 1700000000ull << 32);
}

static void make_canned(void) {
    static const uint8_t handle[HANDLE_BYTES];
    for (uint32_t procedure = 0; procedure <= READ; procedure++) {
        struct writer w = {canned[procedure].bytes, canned[procedure].bytes};
        put32(&w, 0), put32(&w, 0), put32(&w, 1), put32(&w, 0), put64(&w, 0), put32(&w, 0);
        if (procedure != NFS_NULL) put32(&w, 0);
        if (procedure == LOOKUP) {
            canned[procedure].handle_at = (uint32_t)(w.at - w.start) + 4;
            put_opaque(&w, handle, HANDLE_BYTES);
        }
        if (procedure != NFS_NULL && procedure != GETATTR) put32(&w, 1);
        if (procedure != NFS_NULL) {
            canned[procedure].fileid_at = (uint32_t)(w.at - w.start) + 52;
            put_attributes(&w);
        }
        if (procedure == LOOKUP) put32(&w, 1), put_attributes(&w); /* the directory's, too */
        if (procedure == ACCESS) put32(&w, ACCESS3_READ);
        if (procedure == READ) put32(&w, 0), put32(&w, 0), put32(&w, 0);
        canned[procedure].size = call_end(&w);
    }
}

static void send_all(int fd) {
    struct msghdr m = {.msg_iov = piece, .msg_iovlen = (size_t)pieces};
    while (m.msg_iovlen) {
        ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (n < 0) break; /* the client went away: its next recv says so */
        while (m.msg_iovlen && (size_t)n >= m.msg_iov->iov_len) n -= (ssize_t)m.msg_iov->iov_len, m.msg_iov++, m.msg_iovlen--;
        if (m.msg_iovlen) m.msg_iov->iov_base = (uint8_t *)m.msg_iov->iov_base + n, m.msg_iov->iov_len -= (size_t)n;
    }
    pieces = 0;
}

/* Appends one reply at out + used; small replies grow the last piece, data is a piece of its own. */
static size_t answer(const uint8_t *call, uint32_t size, size_t used) {
    struct reader r = {call + 4, call + size, false};
    uint32_t xid = take32(&r), skipped, count = 0;
    take(&r, 16);
    uint32_t procedure = take32(&r);
    take32(&r), take_opaque(&r, &skipped), take32(&r), take_opaque(&r, &skipped);
    if (procedure > READ || !canned[procedure].size) procedure = NFS_NULL;
    uint8_t *reply = out + used;
    uint32_t reply_size = canned[procedure].size;
    memcpy(reply, canned[procedure].bytes, reply_size);
    store32(reply + 4, xid);
    if (procedure != NFS_NULL) {
        const uint8_t *handle = take_opaque(&r, &skipped);
        if (r.bad || skipped < 8) fail("a call without a handle");
        memcpy(reply + canned[procedure].fileid_at, handle, 8);
        if (procedure == LOOKUP) memcpy(reply + canned[procedure].handle_at, handle, 8);
    }
    if (procedure == READ) {
        uint64_t offset = take64(&r);
        count = take32(&r);
        if (offset > file_size || count > file_size - offset) fail("a READ past the end");
        store32(reply, (uint32_t)LAST_FRAGMENT | (reply_size - 4 + count)), store32(reply + reply_size - 12, count);
        store32(reply + reply_size - 8, offset + count == file_size), store32(reply + reply_size - 4, count);
        piece[pieces++] = (struct iovec){reply, reply_size};
        piece[pieces++] = (struct iovec){(void *)(uintptr_t)(file + offset), count};
    } else if (pieces && (uint8_t *)piece[pieces - 1].iov_base + piece[pieces - 1].iov_len == reply) {
        piece[pieces - 1].iov_len += reply_size;
    } else {
        piece[pieces++] = (struct iovec){reply, reply_size};
    }
    return used + reply_size;
}

/* One recv and the replies to all calls that it completed. False: the client is gone. */
static bool serve(struct client *c) {
    ssize_t n = recv(c->fd, c->in + c->filled, IN_ROOM - c->filled, 0);
    size_t at = 0, used = 0;
    if (n <= 0) return false;
    c->filled += (size_t)n;
    while (c->filled - at >= 4) {
        uint32_t size = 4 + (load32(c->in + at) & 0x7fffffff);
        if (c->filled - at < size) break;
        used = answer(c->in + at, size, used);
        at += size;
        if (pieces > PIECES - 2 || used > OUT_ROOM - REPLY_MAX) send_all(c->fd), used = 0;
    }
    send_all(c->fd);
    memmove(c->in, c->in + at, c->filled -= at);
    return true;
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[EVENTS];
    struct stat status;
    int one = 1, epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);
    int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &status)) fail("phys FILE PORT");
    address.sin_port = htons((uint16_t)atoi(argv[2]));
    file_size = (uint64_t)status.st_size;
    file = mmap(NULL, file_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (file == MAP_FAILED) fail("mmap");
    make_canned();
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) fail("listen");
    struct client accepting = {.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.ptr = &accepting}});
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            if (c == &accepting) {
                struct client *new = calloc(1, sizeof *new);
                new->fd = accept(listener, NULL, NULL);
                setsockopt(new->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                epoll_ctl(epoll, EPOLL_CTL_ADD, new->fd, &(struct epoll_event){EPOLLIN, {.ptr = new}});
            } else if (!serve(c)) {
                close(c->fd);
                free(c);
            }
        }
    }
}
