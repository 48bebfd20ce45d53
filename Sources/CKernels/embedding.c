// Rows of the embedding table: copied out by id, and gradients added back in row order. Bound by memory, not
// arithmetic.
#include <string.h>

#include "CKernels.h"

void ck_embedding_gather(
    float *restrict out, const float *restrict table, const int32_t *restrict ids, size_t rows, size_t dim) {
    for (size_t row = 0; row < rows; row++) {
        memcpy(out + row * dim, table + (size_t)ids[row] * dim, dim * sizeof(float));
    }
}

void ck_embedding_scatter_add(
    float *restrict dtable, const float *restrict dout, const int32_t *restrict ids, size_t rows, size_t dim) {
    for (size_t row = 0; row < rows; row++) ck_add(dtable + (size_t)ids[row] * dim, dout + row * dim, dim);
}
