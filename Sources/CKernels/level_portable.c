// Every kernel compiled for what any CPU of the architecture has: SSE2 on x86-64, NEON with fused products on arm64.
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "layout.h"

#define CK_WIDTH ((size_t)4)
#define CK_LANES 4
#if defined(__aarch64__)
#define CK_FUSED 1
#else
#define CK_FUSED 0
#endif
#define CK_TILE_ROWS ((size_t)6)
#define CK_TILE_LIMIT 6
#define CK_ATTENTION_ROWS ((size_t)4)
#define CK_NAME(x) x##_portable

#include "level_body.h"
