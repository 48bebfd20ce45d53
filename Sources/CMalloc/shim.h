// glibc's allocator, which Swift's module of it leaves out; Service is its one owner.
#include <malloc.h>
