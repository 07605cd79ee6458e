/* XDR (RFC 4506) and ONC RPC (RFC 5531) bytes, as much as the bench needs. No sockets. */
#ifndef WIRE_H
#define WIRE_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { NFS_PROGRAM = 100003, MOUNT_PROGRAM = 100005, VERSION3 = 3, MNT = 1 };
enum { NFS_NULL = 0, GETATTR = 1, LOOKUP = 3, ACCESS = 4, READ = 6, READDIRPLUS = 17 };
enum { NF3REG = 1, NF3DIR = 2 };
enum { ACCESS3_READ = 1, HANDLE_MAX = 64, NAME_MAX_BYTES = 255, LAST_FRAGMENT = (int)0x80000000 };

static inline uint32_t load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return __builtin_bswap32(v); }
static inline void store32(uint8_t *p, uint32_t v) { v = __builtin_bswap32(v); memcpy(p, &v, 4); }
static inline uint64_t load64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return __builtin_bswap64(v); }
static inline void store64(uint8_t *p, uint64_t v) { v = __builtin_bswap64(v); memcpy(p, &v, 8); }

/* Writes into a buffer that its owner made large enough: a call has at most CALL_MAX bytes. */
enum { CALL_MAX = 640 };
struct writer { uint8_t *start, *at; };

static inline void put32(struct writer *w, uint32_t v) { store32(w->at, v); w->at += 4; }
static inline void put64(struct writer *w, uint64_t v) { store64(w->at, v); w->at += 8; }
static inline void put_opaque(struct writer *w, const void *bytes, uint32_t size) {
    put32(w, size);
    memset(w->at + (size & ~3u), 0, 4); /* the fill; overwritten but for the last word's rest */
    memcpy(w->at, bytes, size);
    w->at += (size + 3) & ~3u;
}

/* A call: record mark and xid are left open (the mark by call_end, the xid by whoever sends it). */
static inline void call_begin(struct writer *w, uint32_t program, uint32_t procedure) {
    static const char machine[] = "bench";
    w->at = w->start + 4;
    put32(w, 0);
    put32(w, 0); /* CALL */
    put32(w, 2);
    put32(w, program);
    put32(w, VERSION3);
    put32(w, procedure);
    put32(w, 1); /* AUTH_SYS: stamp, machine name, uid, gid, no further gids */
    put32(w, 4 + 4 + 8 + 4 + 4 + 4);
    put32(w, 1);
    put_opaque(w, machine, 5);
    put32(w, 0);
    put32(w, 0);
    put32(w, 0);
    put64(w, 0); /* verifier: AUTH_NONE, empty */
}
static inline uint32_t call_end(struct writer *w) {
    uint32_t size = (uint32_t)(w->at - w->start);
    store32(w->start, (uint32_t)LAST_FRAGMENT | (size - 4));
    return size;
}

/* Reads; past the end it gives zeros and says so in `bad`. */
struct reader { const uint8_t *at, *end; bool bad; };

static inline const uint8_t *take(struct reader *r, size_t size) {
    static const uint8_t zeros[128];
    if ((size_t)(r->end - r->at) < size) { r->bad = true; r->at = r->end; return size <= sizeof zeros ? zeros : NULL; }
    r->at += size;
    return r->at - size;
}
static inline uint32_t take32(struct reader *r) { return load32(take(r, 4)); }
static inline uint64_t take64(struct reader *r) { return load64(take(r, 8)); }
static inline const uint8_t *take_opaque(struct reader *r, uint32_t *size) {
    *size = take32(r);
    const uint8_t *bytes = take(r, ((size_t)*size + 3) & ~(size_t)3);
    if (r->bad) *size = 0;
    return bytes;
}

/* Reply header up to the results: NULL if all is well, else what is wrong with it. */
static inline const char *take_accepted(struct reader *r) {
    uint32_t size;
    take32(r);
    if (take32(r) != 1) return "not a reply";
    if (take32(r) != 0) return "call denied";
    take32(r);
    take_opaque(r, &size);
    if (take32(r) != 0) return "call not accepted";
    return r->bad ? "reply cut short" : NULL;
}

struct attributes { uint32_t type; uint64_t size, fileid; };
enum { FATTR3_BYTES = 84 };

static inline struct attributes take_attributes(struct reader *r) {
    const uint8_t *p = take(r, FATTR3_BYTES);
    return (struct attributes){load32(p), load64(p + 20), load64(p + 52)};
}
/* post_op_attr: false if the server sent none. */
static inline bool take_post_op(struct reader *r, struct attributes *a) {
    if (!take32(r)) return false;
    *a = take_attributes(r);
    return !r->bad;
}

/* Contents of every data file: word i of the file NAME is mixed from NAME's hash and i, so that a reader can check
 * any piece of any file knowing only its path. Sizes are multiples of 8 bytes. */
static inline uint64_t pattern_seed(const char *name, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < size; i++) hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3u;
    return hash;
}
static inline uint64_t pattern_word(uint64_t seed, uint64_t index) {
    uint64_t z = seed + index * 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    return z ^ (z >> 27);
}
#endif
