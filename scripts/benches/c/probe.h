/* The measured calls: encoded before the clock starts, their replies checked one by one. */
#ifndef PROBE_H
#define PROBE_H
#include "tree.h"

/* What one `run` command asks for. */
struct wish {
    const char *op, *below; /* below: only targets under this path; for `stream`, the file itself */
    int depth, connections;
    uint32_t targets, size; /* targets: how many, 0 for all; size: bytes a READ, maxcount of a READDIRPLUS */
    double seconds;
};

/* Keeps the calls of `wish` in flight for its time, over many distinct targets in turn. Any wrong reply ends the
 * program with a message. Gives the bytes of data read. */
uint64_t probe_run(struct tree *t, const struct wish *wish, struct flow *flow);
/* Reads a whole file, 1 MiB a call, and checks every word of it. Gives its size. */
uint64_t probe_verify(struct tree *t, const char *path, struct flow *flow);
/* Targets for phys, which exports nothing: object i has handle i and fileid i, and reads the file `name`. */
void probe_canned(struct tree *t, uint32_t count, uint64_t file_size, const char *name);
#endif
