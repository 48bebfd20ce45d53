// How often the calling thread has asked for memory, for tests that bound it.
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

/// Calls of malloc, calloc, realloc and posix_memalign by this thread so far; -1 where they cannot be counted.
long allocations_of_this_thread(void);

#endif
