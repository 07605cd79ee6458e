/* The load client: one NFSv3 server, one command a line on standard input, one line of JSON for each.
 *
 *   load HOST PORT MOUNTPORT EXPORT PID      (EXPORT "-": no MNT, for phys; PID: whose CPU time is counted)
 *   crawl [below=PATH] [depth=16] [size=65536]            everything, by READDIRPLUS; its objects are the targets
 *   list below=PATH [size=65536]                          one directory, one call after the other
 *   run op=OP [depth=1] [connections=1] [seconds=0.3] [targets=1000] [size=4096] [below=PATH]
 *                       OP: null getattr lookup access read readdirplus, or stream (one file from its start, again)
 *   verify below=PATH                                     one file, every word
 *   canned targets=N size=MIB below=NAME                  targets for phys
 *
 * A wrong reply ends the program with a message and status 1. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "probe.h"

static uint64_t cpu_ns(clockid_t clock) {
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Splits "key=value key=value" into the wish; what is not given keeps its default. */
static void parse(char *words, struct wish *wish) {
    for (char *word = strtok(words, " \n"); word; word = strtok(NULL, " \n")) {
        char *value = strchr(word, '=');
        if (!value) die("%s: not key=value", word);
        *value++ = 0;
        if (!strcmp(word, "op")) wish->op = value;
        else if (!strcmp(word, "below")) wish->below = value;
        else if (!strcmp(word, "depth")) wish->depth = atoi(value);
        else if (!strcmp(word, "connections")) wish->connections = atoi(value);
        else if (!strcmp(word, "targets")) wish->targets = (uint32_t)atoi(value);
        else if (!strcmp(word, "size")) wish->size = (uint32_t)atoi(value);
        else if (!strcmp(word, "seconds")) wish->seconds = atof(value);
        else die("%s: not known", word);
    }
}

static uint64_t obey(struct tree *t, const char *command, struct wish *wish, struct flow *flow) {
    if (!strcmp(command, "crawl")) {
        tree_crawl(t, wish->below, wish->depth ? wish->depth : 16, wish->size ? wish->size : 65536, flow);
        return t->count;
    }
    if (!strcmp(command, "list")) {
        return tree_list(t, tree_find(t, wish->below), wish->size ? wish->size : 65536, flow);
    }
    if (!strcmp(command, "verify")) return probe_verify(t, wish->below, flow);
    if (!strcmp(command, "canned")) {
        probe_canned(t, wish->targets, (uint64_t)wish->size << 20, wish->below);
        return t->count;
    }
    if (strcmp(command, "run")) die("%s: not a command", command);
    if (!wish->depth) wish->depth = 1;
    if (!wish->size) wish->size = 4096;
    return probe_run(t, wish, flow);
}

int main(int argc, char **argv) {
    static struct flow flow;
    struct tree tree = {0};
    char line[1024], command[16];
    clockid_t clock = 0;
    if (argc != 6) die("usage: load HOST PORT MOUNTPORT EXPORT PID");
    struct server *server = server_open(argv[1], atoi(argv[2]));
    if (clock_getcpuclockid(atoi(argv[5]), &clock)) die("no process %s", argv[5]);
    if (strcmp(argv[4], "-")) tree_mount(&tree, server, argv[1], atoi(argv[3]), argv[4]);
    else tree.server = server;
    while (fgets(line, sizeof line, stdin)) {
        struct wish wish = {.op = "", .below = "", .connections = 1, .targets = 1000, .seconds = 0.3};
        int words = 0;
        if (sscanf(line, "%15s%n", command, &words) != 1) continue;
        parse(line + words, &wish);
        memset(&flow, 0, sizeof flow);
        uint64_t before = cpu_ns(clock), amount = obey(&tree, command, &wish, &flow), spent = cpu_ns(clock) - before;
        double calls = flow.calls ? (double)flow.calls : 1;
        printf("{\"amount\": %lu, \"calls\": %lu, \"seconds\": %.6f, \"p50_us\": %.2f, \"p99_us\": %.2f, "
               "\"cpu_us\": %.3f}\n",
               amount, flow.calls, (double)flow.nanoseconds / 1e9, (double)histogram_quantile_ns(&flow.latency, 0.5) / 1e3,
               (double)histogram_quantile_ns(&flow.latency, 0.99) / 1e3, (double)spent / 1e3 / calls);
        fflush(stdout);
    }
    return 0;
}
