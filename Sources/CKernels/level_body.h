// All kernels at one level, and their table. A level file defines CK_WIDTH (lanes), CK_FUSED (has fused products),
// CK_TILE_ROWS and CK_ATTENTION_ROWS (rows that fit in its registers), CK_NAME(x), and sets the target attribute.
#include "vector.h"

#include "exp_log.h"
#include "step_fp32.h"
#include "matmul.h"
#include "matmul_tn.h"
#include "rmsnorm.h"
#include "rope.h"
#include "attention_tiles.h"
#include "attention.h"
#include "attention_backward.h"
#include "elementwise.h"
#include "softmax.h"

#define CK_ENTRY(name) .name = CK_NAME(name),

const ck_kernels CK_NAME(ck_kernels) = {CK_EACH_KERNEL(CK_ENTRY)};
