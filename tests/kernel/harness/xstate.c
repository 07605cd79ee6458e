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
    va_list rest;
    va_start(rest, request);
    int pid = va_arg(rest, int);
    void *address = va_arg(rest, void *), *data = va_arg(rest, void *);
    va_end(rest);
    if (!next)
        next = (tracer *)dlsym(RTLD_NEXT, "ptrace");
    if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE)
        return completed(next, pid, data);
    return next(request, pid, address, data);
}
