/* Counts the bytes that a program copies and clears in memory.

   Loaded before the C library (LD_PRELOAD), it stands in for memcpy, memmove and memset of the program
   and of all its libraries, and for what a compiler makes of them that checks the room for it
   (_FORTIFY_SOURCE, as in Debian's Python). It sees what they call by these names: in Python each slice
   of bytes, join, growth of a bytearray and assignment to a memoryview, and the zeros of a new bytearray.
   It does not see what the compiler wrote in line (a few bytes; in Debian's Python also larger copies
   that it took for short, as of two bytearrays that are added), copies that the C library makes within
   itself, pages that the kernel clears, nor what the kernel copies between a socket or a file and memory
   (recv_into, preadv, sendmsg, writev). */

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

typedef size_t __attribute__((may_alias, aligned(1))) word;

static atomic_llong all_copied, all_cleared;
static __thread long long copied, cleared;

/* Of the thread that asks, and of all threads together. */
long long bytes_copied(void) { return copied; }
long long bytes_cleared(void) { return cleared; }
long long all_bytes_copied(void) { return all_copied; }
long long all_bytes_cleared(void) { return all_cleared; }

void *memmove(void *to, const void *from, size_t size)
{
    char *out = to;
    const char *in = from;
    copied += size;
    atomic_fetch_add_explicit(&all_copied, size, memory_order_relaxed);
    if ((size_t)(out - in) >= size) { /* the end of `from` isn't overwritten before it is read */
        for (; size >= sizeof(word); size -= sizeof(word), out += sizeof(word), in += sizeof(word))
            *(word *)out = *(const word *)in;
        while (size--)
            *out++ = *in++;
    } else {
        while (size--)
            out[size] = in[size];
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return memmove(to, from, size);
}

void *memset(void *to, int value, size_t size)
{
    char *out = to;
    cleared += size;
    atomic_fetch_add_explicit(&all_cleared, size, memory_order_relaxed);
    while (size--)
        *out++ = (char)value;
    return to;
}

void *__memmove_chk(void *to, const void *from, size_t size, size_t room)
{
    if (size > room)
        abort();
    return memmove(to, from, size);
}

void *__memcpy_chk(void *restrict to, const void *restrict from, size_t size, size_t room)
{
    return __memmove_chk(to, from, size, room);
}

void *__memset_chk(void *to, int value, size_t size, size_t room)
{
    if (size > room)
        abort();
    return memset(to, value, size);
}
