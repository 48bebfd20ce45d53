// Choosing a token from a row of probabilities: a draw, and the likeliest few without sorting the vocabulary. The bits
// are those of every CPU level. Contract as in CKernels.h.
#ifndef CKERNELS_CHOICE_H
#define CKERNELS_CHOICE_H

#include <stddef.h>
#include <stdint.h>

/// An element of a row and where it was.
typedef struct {
    float value;
    int32_t index;
} ck_candidate;

/// Sum of x in double precision, fixed order.
double ck_sum(const float *x, size_t count);

/// The index at which the running sum of p passes uniform * sum(p), for p >= 0 and uniform in 0 ..< 1; never an element
/// of probability 0 if there is another. 0 if there is none.
size_t ck_draw(const float *p, size_t count, double uniform);

/// Writes the elements of at least `threshold` in order of index, and their sum; returns how many there are. `out` holds
/// `count` candidates.
size_t ck_gather(ck_candidate *out, double *sum, const float *x, size_t count, float threshold);

/// Puts the greatest candidates first, in order (of equal ones the lower index first), until there are `most` of them
/// or their sum reaches `mass`; returns how many. The rest follows in any order.
size_t ck_greatest_first(ck_candidate *candidates, size_t count, size_t most, double mass);

#endif
