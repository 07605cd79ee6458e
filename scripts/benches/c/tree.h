/* What a server exports, as the client has seen it: the targets of the measured calls. */
#ifndef TREE_H
#define TREE_H
#include "net.h"

struct object {
    uint8_t handle[HANDLE_MAX];
    uint32_t handle_size, parent, type, children;
    uint64_t size, fileid;
    uint64_t names; /* of a directory: the sum of its names' hashes, to tell a second listing from the first */
    const char *path, *name; /* from the export's root, "" for the root; name is path's last component */
};
struct tree {
    struct server *server;
    struct object *objects; /* [0] is the root */
    uint32_t count, room;
    struct strings *strings;
    bool canned; /* made up for phys, not seen */
    uint32_t *by_path, sorted; /* the indexes of objects in the order of their paths; how many, 0: not sorted yet */
};

/* MNT: the tree of the root alone. */
void tree_mount(struct tree *t, struct server *server, const char *host, int mount_port, const char *export);
/* The object at a path, by LOOKUP where it has not been seen yet; its index. */
uint32_t tree_find(struct tree *t, const char *path);
/* Everything below `from` by READDIRPLUS replies of `maxcount` bytes, `depth` in flight; forgets what was seen before.
 * Symbolic links are counted, not followed. */
void tree_crawl(struct tree *t, const char *from, int depth, uint32_t maxcount, struct flow *flow);
/* The index of the object at a place in the order of paths, which is the same for every server. */
uint32_t tree_by_path(struct tree *t, uint32_t place);
/* Lists one directory, each call after the reply to the last; compares with what a crawl saw, if one did. */
uint32_t tree_list(struct tree *t, uint32_t directory, uint32_t maxcount, struct flow *flow);

/* The calls themselves, shared with the measured runs. Each gives the call's size. */
uint32_t encode_handle_call(uint8_t *bytes, uint32_t procedure, const struct object *o);
uint32_t encode_lookup(uint8_t *bytes, const struct object *directory, const char *name, uint32_t name_size);
uint32_t encode_readdirplus(uint8_t *bytes, const struct object *o, uint64_t cookie, uint64_t verifier,
                            uint32_t maxcount);
#endif
