/* Choosing targets, encoding their calls, checking their replies. */
#include "probe.h"
#include <stdio.h>
#include <stdlib.h>

/* While measuring, one word of each 512 bytes is checked: reading back all of it would make the client the limit. */
enum { SAMPLED_BYTES = 512, CANNED_HANDLE_BYTES = 28, PAGE_BYTES = 4096 };

struct probe { const struct object *target; const uint8_t *call; uint64_t offset, seed; uint32_t call_size, count; };
struct run {
    struct job job;
    struct tree *tree;
    struct probe *probes;
    uint8_t *calls; /* all encoded calls, one after the other */
    uint32_t count, room, at, stride;
    size_t calls_size;
    uint64_t time_ns, deadline_ns, left, data_bytes; /* the deadline is set by the first call */
};

static bool run_next(struct job *job, uint64_t now_ns, struct call *call) {
    struct run *run = (struct run *)job;
    if (!run->deadline_ns) run->deadline_ns = now_ns + run->time_ns;
    if (now_ns >= run->deadline_ns || !run->left) return false;
    const struct probe *p = &run->probes[run->at];
    *call = (struct call){p->call, p->call_size, run->at};
    run->left--;
    if (++run->at == run->count) run->at = 0;
    return true;
}

static const struct object *target_of(struct job *job, uint32_t tag) { return ((struct run *)job)->probes[tag].target; }

static void expect_ok(struct reader *r, const char *procedure, const struct object *o) {
    uint32_t status = take32(r);
    if (status || r->bad) die("%s of /%s: status %u", procedure, o->path, status);
}

static void expect_same(struct reader *r, struct attributes a, const char *procedure, const struct object *o) {
    if (r->bad) die("%s of /%s: reply cut short", procedure, o->path);
    if (a.fileid != o->fileid || a.type != o->type || a.size != o->size)
        die("%s of /%s: fileid %lu, type %u, size %lu; expected %lu, %u, %lu", procedure, o->path, a.fileid, a.type,
            a.size, o->fileid, o->type, o->size);
}

/* Nothing is missing from the results, and nothing follows them. */
static void expect_end(struct reader *r, const char *procedure, const struct object *o) {
    if (r->bad) die("%s of /%s: reply cut short", procedure, o->path);
    if (r->at != r->end) die("%s of /%s: %zu bytes too many", procedure, o->path, (size_t)(r->end - r->at));
}

static void null_reply(struct job *job, uint32_t tag, struct reader *r) {
    expect_end(r, "NULL", target_of(job, tag));
}

static void getattr_reply(struct job *job, uint32_t tag, struct reader *r) {
    const struct object *o = target_of(job, tag);
    expect_ok(r, "GETATTR", o);
    expect_same(r, take_attributes(r), "GETATTR", o);
    expect_end(r, "GETATTR", o);
}

static void lookup_reply(struct job *job, uint32_t tag, struct reader *r) {
    const struct object *o = target_of(job, tag);
    struct attributes a;
    uint32_t size;
    expect_ok(r, "LOOKUP", o);
    const uint8_t *handle = take_opaque(r, &size);
    if (size != o->handle_size || memcmp(handle, o->handle, size)) die("LOOKUP of /%s: another handle", o->path);
    if (take_post_op(r, &a)) expect_same(r, a, "LOOKUP", o);
    take_post_op(r, &a); /* the directory's */
    expect_end(r, "LOOKUP", o);
}

static void access_reply(struct job *job, uint32_t tag, struct reader *r) {
    const struct object *o = target_of(job, tag);
    struct attributes a;
    expect_ok(r, "ACCESS", o);
    if (take_post_op(r, &a)) expect_same(r, a, "ACCESS", o);
    uint32_t granted = take32(r);
    expect_end(r, "ACCESS", o);
    if (!(granted & ACCESS3_READ)) die("ACCESS of /%s: may not be read", o->path);
}

static void read_reply(struct job *job, uint32_t tag, struct reader *r) {
    struct run *run = (struct run *)job;
    const struct probe *p = &run->probes[tag];
    struct attributes a;
    uint32_t size;
    expect_ok(r, "READ", p->target);
    if (take_post_op(r, &a)) expect_same(r, a, "READ", p->target);
    uint32_t count = take32(r);
    take32(r);
    const uint8_t *data = take_opaque(r, &size);
    expect_end(r, "READ", p->target);
    if (count != p->count || size != count)
        die("READ of /%s at %lu: %u bytes, expected %u", p->target->path, p->offset, count, p->count);
    for (uint32_t at = 0; at < size; at += run->stride) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        if (word != pattern_word(p->seed, (p->offset + at) / 8))
            die("READ of /%s: wrong data at %lu", p->target->path, p->offset + at);
    }
    run->data_bytes += size;
}

static void readdirplus_reply(struct job *job, uint32_t tag, struct reader *r) {
    const struct object *o = target_of(job, tag);
    struct attributes a;
    expect_ok(r, "READDIRPLUS", o);
    if (take_post_op(r, &a)) expect_same(r, a, "READDIRPLUS", o);
    take64(r);
    if (!take32(r)) die("READDIRPLUS of /%s: no entry", o->path);
}

static void add_probe(struct run *run, const struct object *o, uint32_t procedure, uint64_t offset, uint32_t count) {
    if (run->count == run->room)
        run->probes = realloc(run->probes, (run->room = run->room * 2 + 256) * sizeof *run->probes);
    run->calls = realloc(run->calls, run->calls_size + CALL_MAX);
    uint8_t *bytes = run->calls + run->calls_size;
    uint32_t size;
    struct writer w = {bytes, bytes};
    if (procedure == LOOKUP) {
        size = encode_lookup(bytes, &run->tree->objects[o->parent], o->name, (uint32_t)strlen(o->name));
    } else if (procedure == READDIRPLUS) {
        size = encode_readdirplus(bytes, o, 0, 0, count);
    } else if (procedure == READ) {
        call_begin(&w, NFS_PROGRAM, READ);
        put_opaque(&w, o->handle, o->handle_size);
        put64(&w, offset);
        put32(&w, count);
        size = call_end(&w);
    } else if (procedure == NFS_NULL) {
        call_begin(&w, NFS_PROGRAM, NFS_NULL);
        size = call_end(&w);
    } else {
        size = encode_handle_call(bytes, procedure, o);
    }
    uint64_t seed = pattern_seed(o->path, strlen(o->path));
    run->probes[run->count++] = (struct probe){o, NULL, offset, seed, size, count}; /* `start` says where its call is */
    run->calls_size += size;
}

static bool fits(const struct object *o, const struct wish *wish, uint32_t procedure) {
    size_t below = strlen(wish->below), path = strlen(o->path);
    if (strncmp(o->path, wish->below, below) || path == below) return false;
    if (procedure == READDIRPLUS) return o->type == NF3DIR && o->children;
    if (procedure != READ) return true;
    return o->type == NF3REG && o->size >= wish->size && path > 4 && !strcmp(o->path + path - 4, ".bin");
}

/* `wish->targets` of the fitting objects, spread evenly over the tree, in an order that is not the tree's. */
static void choose(struct run *run, const struct wish *wish, uint32_t procedure) {
    struct tree *t = run->tree;
    uint32_t *fitting = malloc((t->count + 1) * sizeof *fitting), count = 0;
    for (uint32_t place = 0; place < t->count; place++) {
        uint32_t i = tree_by_path(t, place);
        if (t->canned || procedure == NFS_NULL || fits(&t->objects[i], wish, procedure)) fitting[count++] = i;
    }
    if (!count) die("%s: nothing below /%s to ask for", wish->op, wish->below);
    uint32_t wanted = wish->targets && wish->targets < count ? wish->targets : count;
    uint64_t random = 1;
    for (uint32_t i = 0; i < wanted; i++) fitting[i] = fitting[(uint64_t)i * count / wanted];
    for (uint32_t i = wanted; i > 1; i--) {
        uint32_t other = (uint32_t)(pattern_word(random++, 1) % i), swap = fitting[i - 1];
        fitting[i - 1] = fitting[other];
        fitting[other] = swap;
    }
    for (uint32_t i = 0; i < wanted; i++) {
        const struct object *o = &t->objects[fitting[i]];
        uint64_t offset = t->canned ? (uint64_t)fitting[i] * PAGE_BYTES % (o->size - wish->size) : 0;
        add_probe(run, o, procedure, offset, wish->size);
    }
    free(fitting);
}

static void choose_stream(struct run *run, const char *path, uint32_t size) {
    const struct object *o = &run->tree->objects[tree_find(run->tree, path)];
    for (uint64_t at = 0; at < o->size; at += size)
        add_probe(run, o, READ, at, o->size - at < size ? (uint32_t)(o->size - at) : size);
    if (!run->count) die("/%s is empty", path);
}

static uint64_t start(struct run *run, int connections, int depth, struct flow *flow) {
    const uint8_t *call = run->calls;
    for (uint32_t i = 0; i < run->count; call += run->probes[i++].call_size) run->probes[i].call = call;
    pump(run->tree->server, connections, depth, &run->job, flow);
    free(run->probes);
    free(run->calls);
    return run->data_bytes;
}

static const struct { const char *op; uint32_t procedure; void (*reply)(struct job *, uint32_t, struct reader *); }
ops[] = {
    {"null", NFS_NULL, null_reply},
    {"getattr", GETATTR, getattr_reply},
    {"lookup", LOOKUP, lookup_reply},
    {"access", ACCESS, access_reply},
    {"read", READ, read_reply},
    {"stream", READ, read_reply},
    {"readdirplus", READDIRPLUS, readdirplus_reply},
};

uint64_t probe_run(struct tree *t, const struct wish *wish, struct flow *flow) {
    struct run run = {.job = {run_next, NULL}, .tree = t, .left = UINT64_MAX, .stride = SAMPLED_BYTES};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(ops[i].op, wish->op)) continue;
        run.job.reply = ops[i].reply;
        if (!strcmp(wish->op, "stream")) choose_stream(&run, wish->below, wish->size);
        else choose(&run, wish, ops[i].procedure);
        run.time_ns = (uint64_t)(wish->seconds * 1e9);
        return start(&run, wish->connections, wish->depth, flow);
    }
    die("op %s is not known", wish->op);
}

uint64_t probe_verify(struct tree *t, const char *path, struct flow *flow) {
    struct run run = {.job = {run_next, read_reply}, .tree = t, .stride = 8, .deadline_ns = UINT64_MAX};
    choose_stream(&run, path, 1 << 20);
    run.left = run.count;
    return start(&run, 1, 4, flow);
}

void probe_canned(struct tree *t, uint32_t count, uint64_t file_size, const char *name) {
    const char *path = strdup(name);
    t->objects = calloc(count, sizeof *t->objects);
    t->count = count;
    t->canned = true;
    for (uint32_t i = 0; i < count; i++) {
        struct object *o = &t->objects[i];
        *o = (struct object){.handle_size = CANNED_HANDLE_BYTES, .parent = i, .type = NF3REG, .size = file_size,
                             .fileid = i, .path = path, .name = "name"};
        store64(o->handle, i);
    }
}
