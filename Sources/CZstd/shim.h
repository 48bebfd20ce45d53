// libzstd, as the system has it; Compressing is its one owner.
#include <zstd.h>
