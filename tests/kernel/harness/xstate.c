/* Preloaded into linux.uml, whose kernel 6.1 keeps 832 bytes of a program's extended processor state: x87, SSE and AVX.
 * A host with AVX-512, AMX or protection keys has more, lets the short area be read and refuses to take it back,
 * which kills the guest's init. So what is given back is completed with the rest of the state as the host has it now.
 * That rest is not kept over a fault or a switch of threads: the guest's C library is told not to use AVX-512. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define NT_X86_XSTATE 0x202
#define FEATURES_AT 512         /* the header's bits: which features the area holds */
#define KEPT 7ull               /* x87, SSE, AVX */

typedef long tracer(enum __ptrace_request, ...);

static long completed(tracer *next, int pid, struct iovec *given) {
    static char whole[16384];
    struct iovec area = {whole, sizeof whole};
    uint64_t now, wanted;
    if (next(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &area) < 0)
        return -1;
    memcpy(&now, whole + FEATURES_AT, sizeof now);
    memcpy(whole, given->iov_base, given->iov_len < area.iov_len ? given->iov_len : area.iov_len);
    memcpy(&wanted, whole + FEATURES_AT, sizeof wanted);
    wanted = (wanted & KEPT) | (now & ~KEPT);
    memcpy(whole + FEATURES_AT, &wanted, sizeof wanted);
    return next(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &area);
}

long ptrace(enum __ptrace_request request, ...) {
    static tracer *next;
    static struct { int pid; size_t size; char area[4096]; } taken; /* what a program had as it stopped */
    va_list rest;
    va_start(rest, request);
    int pid = va_arg(rest, int);
    void *address = va_arg(rest, void *), *data = va_arg(rest, void *);
    va_end(rest);
    if (!next)
        next = (tracer *)dlsym(RTLD_NEXT, "ptrace");
    if (request == PTRACE_GETREGS || request == PTRACE_SETREGS) /* other registers */
        return next(request, pid, address, data);
    int state = (long)address == NT_X86_XSTATE;
    const struct iovec *area = data;
    if (request == PTRACE_SETREGSET && state) {
        /* Nearly each system call of a guest gives back what it took, and it is still there. */
        if (pid == taken.pid && area->iov_len == taken.size && !memcmp(area->iov_base, taken.area, taken.size))
            return 0;
        taken.pid = 0;
        return completed(next, pid, data);
    }
    taken.pid = 0; /* the program may run now */
    long answer = next(request, pid, address, data);
    if (request == PTRACE_GETREGSET && state && answer == 0 && area->iov_len <= sizeof taken.area) {
        taken.pid = pid;
        taken.size = area->iov_len;
        memcpy(taken.area, area->iov_base, taken.size);
    }
    return answer;
}
