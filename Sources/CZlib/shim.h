// zlib, as the system has it; Compressing is its one owner.
#include <zlib.h>
