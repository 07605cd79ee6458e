/* MNT, LOOKUP of a path, and walks by READDIRPLUS. */
#include "tree.h"
#include <stdio.h>
#include <stdlib.h>

enum { STRINGS_BYTES = 1 << 20 };
struct strings { struct strings *next; size_t used; char bytes[STRINGS_BYTES]; };

static const char *keep_path(struct tree *t, const char *directory, const void *name, uint32_t name_size) {
    size_t before = strlen(directory), needed = before + 1 + name_size + 1;
    if (!t->strings || t->strings->used + needed > STRINGS_BYTES) {
        struct strings *more = malloc(sizeof *more);
        more->next = t->strings;
        more->used = 0;
        t->strings = more;
    }
    char *path = t->strings->bytes + t->strings->used, *at = path;
    if (before) {
        at = mempcpy(at, directory, before);
        *at++ = '/';
    }
    at = mempcpy(at, name, name_size);
    *at = 0;
    t->strings->used += needed;
    return path;
}

/* The new object; valid until the next is added. Its index is t->count - 1. */
static struct object *add_object(struct tree *t, uint32_t parent, const void *name, uint32_t name_size) {
    if (t->count == t->room) {
        t->objects = realloc(t->objects, (t->room = t->room * 2 + 1024) * sizeof *t->objects);
        if (!t->objects) die("no memory for %u objects", t->room);
    }
    struct object *o = &t->objects[t->count];
    memset(o, 0, sizeof *o);
    o->parent = parent;
    o->path = t->count ? keep_path(t, t->objects[parent].path, name, name_size) : "";
    o->name = o->path + strlen(o->path) - name_size;
    t->count++;
    return o;
}

static int compare_paths(const void *one, const void *other, void *tree) {
    const struct object *objects = ((const struct tree *)tree)->objects;
    return strcmp(objects[*(const uint32_t *)one].path, objects[*(const uint32_t *)other].path);
}

uint32_t tree_by_path(struct tree *t, uint32_t place) {
    if (t->canned) return place;
    if (t->sorted != t->count) {
        t->by_path = realloc(t->by_path, t->count * sizeof *t->by_path);
        for (uint32_t i = 0; i < t->count; i++) t->by_path[i] = i;
        qsort_r(t->by_path, t->sorted = t->count, sizeof *t->by_path, compare_paths, t);
    }
    return t->by_path[place];
}

static void forget_all_but_root(struct tree *t) {
    t->sorted = 0;
    while (t->strings) {
        struct strings *next = t->strings->next;
        free(t->strings);
        t->strings = next;
    }
    t->count = 1;
    t->objects[0].children = 0;
    t->objects[0].names = 0;
}

uint32_t encode_handle_call(uint8_t *bytes, uint32_t procedure, const struct object *o) {
    struct writer w = {bytes, bytes};
    call_begin(&w, NFS_PROGRAM, procedure);
    put_opaque(&w, o->handle, o->handle_size);
    if (procedure == ACCESS) put32(&w, 0x1f);
    return call_end(&w);
}

uint32_t encode_lookup(uint8_t *bytes, const struct object *directory, const char *name, uint32_t name_size) {
    struct writer w = {bytes, bytes};
    call_begin(&w, NFS_PROGRAM, LOOKUP);
    put_opaque(&w, directory->handle, directory->handle_size);
    if (name_size > NAME_MAX_BYTES) die("a name of %u bytes", name_size);
    put_opaque(&w, name, name_size);
    return call_end(&w);
}

uint32_t encode_readdirplus(uint8_t *bytes, const struct object *o, uint64_t cookie, uint64_t verifier,
                            uint32_t maxcount) {
    struct writer w = {bytes, bytes};
    call_begin(&w, NFS_PROGRAM, READDIRPLUS);
    put_opaque(&w, o->handle, o->handle_size);
    put64(&w, cookie);
    put64(&w, verifier);
    put32(&w, maxcount); /* dircount: as the Linux client, the same as maxcount */
    put32(&w, maxcount);
    return call_end(&w);
}

static void take_handle(struct reader *r, struct object *o) {
    const uint8_t *handle = take_opaque(r, &o->handle_size);
    if (r->bad || o->handle_size > HANDLE_MAX) die("%s: a file handle of %u bytes", o->path, o->handle_size);
    memcpy(o->handle, handle, o->handle_size);
}

static void take_attributes_of(struct reader *r, struct object *o) {
    struct attributes a;
    if (!take_post_op(r, &a)) die("%s: no attributes", o->path);
    o->type = a.type;
    o->size = a.size;
    o->fileid = a.fileid;
}

void tree_mount(struct tree *t, struct server *server, const char *host, int mount_port, const char *export) {
    uint8_t bytes[CALL_MAX];
    struct writer w = {bytes, bytes};
    struct reader r;
    *t = (struct tree){.server = server};
    struct object *root = add_object(t, 0, "", 0);
    call_begin(&w, MOUNT_PROGRAM, MNT);
    put_opaque(&w, export, (uint32_t)strlen(export));
    call_once(server_open(host, mount_port), bytes, call_end(&w), &r);
    uint32_t status = take32(&r);
    if (status) die("MNT %s: status %u", export, status);
    take_handle(&r, root);
    call_once(server, bytes, encode_handle_call(bytes, GETATTR, root), &r);
    if ((status = take32(&r))) die("GETATTR of the root: status %u", status);
    struct attributes a = take_attributes(&r);
    root->type = a.type;
    root->fileid = a.fileid;
}

static uint32_t look_up(struct tree *t, uint32_t directory, const char *name, uint32_t name_size) {
    uint8_t bytes[CALL_MAX];
    struct reader r;
    call_once(t->server, bytes, encode_lookup(bytes, &t->objects[directory], name, name_size), &r);
    uint32_t status = take32(&r);
    if (status) die("LOOKUP %.*s in /%s: status %u", (int)name_size, name, t->objects[directory].path, status);
    struct object *o = add_object(t, directory, name, name_size);
    take_handle(&r, o);
    take_attributes_of(&r, o);
    return t->count - 1;
}

uint32_t tree_find(struct tree *t, const char *path) {
    for (uint32_t i = 0; i < t->count; i++)
        if (!strcmp(t->objects[i].path, path)) return i;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *above = strndup(path, slash ? (size_t)(slash - path) : 0);
    uint32_t directory = tree_find(t, above);
    free(above);
    return look_up(t, directory, name, (uint32_t)strlen(name));
}

/* A walk is a stack of listings to be gone on with; one of them is in flight at most once. */
struct listing { uint64_t cookie, verifier; uint32_t directory; };
struct walk {
    struct job job;
    struct tree *tree;
    struct listing *open;
    uint32_t count, room, maxcount;
    bool descend;
    uint8_t bytes[CALL_MAX];
};

static void walk_push(struct walk *k, uint32_t directory, uint64_t cookie, uint64_t verifier) {
    if (k->count == k->room) k->open = realloc(k->open, (k->room = k->room * 2 + 64) * sizeof *k->open);
    k->open[k->count++] = (struct listing){cookie, verifier, directory};
}

static bool walk_next(struct job *job, uint64_t now_ns, struct call *call) {
    struct walk *k = (struct walk *)job;
    (void)now_ns;
    if (!k->count) return false;
    struct listing l = k->open[--k->count];
    uint32_t size = encode_readdirplus(k->bytes, &k->tree->objects[l.directory], l.cookie, l.verifier, k->maxcount);
    *call = (struct call){k->bytes, size, l.directory};
    return true;
}

static void take_entry(struct walk *k, uint32_t directory, const uint8_t *name, uint32_t size, struct reader *r) {
    struct tree *t = k->tree;
    struct attributes a;
    bool dots = (size == 1 || size == 2) && name[0] == '.' && name[size - 1] == '.';
    t->objects[directory].children += !dots;
    t->objects[directory].names += dots ? 0 : pattern_seed((const char *)name, size);
    if (dots || !k->descend) {
        uint32_t skipped;
        take_post_op(r, &a);
        if (take32(r)) take_opaque(r, &skipped);
        return;
    }
    struct object *o = add_object(t, directory, name, size);
    take_attributes_of(r, o);
    if (!take32(r)) die("%s: no file handle", o->path);
    take_handle(r, o);
    if (o->type == NF3DIR) walk_push(k, t->count - 1, 0, 0);
}

static void walk_reply(struct job *job, uint32_t directory, struct reader *r) {
    struct walk *k = (struct walk *)job;
    struct attributes a;
    uint32_t status = take32(r), size;
    if (status) die("READDIRPLUS of /%s: status %u", k->tree->objects[directory].path, status);
    take_post_op(r, &a);
    uint64_t verifier = take64(r), cookie = 0;
    while (take32(r) && !r->bad) {
        take64(r);
        const uint8_t *name = take_opaque(r, &size);
        cookie = take64(r);
        if (r->bad) break;
        take_entry(k, directory, name, size, r);
    }
    bool eof = take32(r);
    if (r->bad) die("READDIRPLUS of /%s: reply cut short", k->tree->objects[directory].path);
    if (!eof && !cookie) die("READDIRPLUS of /%s: neither an entry nor the end", k->tree->objects[directory].path);
    if (!eof) walk_push(k, directory, cookie, verifier);
}

static void walk(struct tree *t, uint32_t from, bool descend, int depth, uint32_t maxcount, struct flow *flow) {
    struct walk k = {.job = {walk_next, walk_reply}, .tree = t, .maxcount = maxcount, .descend = descend};
    walk_push(&k, from, 0, 0);
    pump(t->server, 1, depth, &k.job, flow);
    free(k.open);
}

void tree_crawl(struct tree *t, const char *from, int depth, uint32_t maxcount, struct flow *flow) {
    char *path = strdup(from); /* `from` may be one of the strings forgotten here */
    forget_all_but_root(t);
    walk(t, tree_find(t, path), true, depth, maxcount, flow);
    free(path);
}

uint32_t tree_list(struct tree *t, uint32_t directory, uint32_t maxcount, struct flow *flow) {
    struct object before = t->objects[directory];
    t->objects[directory].children = 0;
    t->objects[directory].names = 0;
    walk(t, directory, false, 1, maxcount, flow);
    struct object after = t->objects[directory];
    if (before.children && (before.children != after.children || before.names != after.names))
        die("/%s: listed %u names, before %u, or others", after.path, after.children, before.children);
    return after.children;
}
