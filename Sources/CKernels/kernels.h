// The table of kernels of one CPU level. Each level file fills one; dispatch.c calls through it.
#ifndef CK_KERNELS_H
#define CK_KERNELS_H

#include "CKernels.h"

/// X(name) for every kernel that exists per level; ck_name is its public function, and name##_level its versions.
#define CK_EACH_KERNEL(X)                                                                                      \
    X(matmul_packed) X(matmul_tn) X(rmsnorm_forward) X(rmsnorm_backward) X(rope) X(attention_forward)          \
    X(attention_forward_paged) X(attention_forward_paged_bf16) X(attention_backward)                           \
    X(swiglu_forward) X(swiglu_backward) X(add) X(scale) X(round_bf16) X(exp) X(log) X(log_softmax_stats)      \
    X(log_softmax_backward) X(max) X(log_softmax_row) X(adamw) X(sum_of_squares)

#define CK_FIELD(name) __typeof__(ck_##name) *name;

typedef struct {
    CK_EACH_KERNEL(CK_FIELD)
} ck_kernels;

#undef CK_FIELD

extern const ck_kernels ck_kernels_portable;
#if defined(__x86_64__)
extern const ck_kernels ck_kernels_avx2;
extern const ck_kernels ck_kernels_avx512;
#endif

/// The products in bf16, which some CPUs of a level have and others have not.
typedef struct {
    __typeof__(ck_matmul_packed_bf16) *matmul_packed;
    __typeof__(ck_matmul_tn_bf16) *matmul_tn;
} ck_bf16_kernels;

extern const ck_bf16_kernels ck_bf16_kernels_portable;
#if defined(__x86_64__)
extern const ck_bf16_kernels ck_bf16_kernels_avx512;
#endif

/// The bf16 products of this thread's level and CPU.
const ck_bf16_kernels *ck_current_bf16_kernels(void);

/// The table of ck_level().
const ck_kernels *ck_current_kernels(void);

#endif
