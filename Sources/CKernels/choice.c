// Draws from a row of probabilities, and its greatest elements by a threshold and a heap. Plain C for every CPU level:
// comparisons and double sums, whose order must not depend on the width of a vector.
#include <stdbool.h>

#include "CKernels.h"

#define BLOCK ((size_t)64)

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

double ck_sum(const float *x, size_t count) {
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (size_t lane = 0; lane < 8; lane++) sums[lane] += (double)x[i + lane];
    }
    for (; i < count; i++) sums[i % 8] += (double)x[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

size_t ck_draw(const float *p, size_t count, double uniform) {
    double total = 0;
    for (size_t start = 0; start < count; start += BLOCK) total += ck_sum(p + start, least(count - start, BLOCK));
    double threshold = uniform * total, before = 0;
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t end = start + least(count - start, BLOCK), last = start;
        double after = before + ck_sum(p + start, end - start), sum = before;
        if (after > threshold) {
            for (size_t i = start; i < end && sum <= threshold; i++) {
                if (!(p[i] > 0)) continue;
                sum += (double)p[i];
                last = i;
            }
            // Rounding may leave the sum of one element after the other below that of the block: then its last is meant.
            return last;
        }
        before = after;
    }
    return 0;
}

size_t ck_gather(ck_candidate *out, double *sum, const float *x, size_t count, float threshold) {
    size_t found = 0;
    double total = 0;
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t end = start + least(count - start, BLOCK);
        int any = 0;
        for (size_t i = start; i < end; i++) any += x[i] >= threshold;
        if (any == 0) continue;
        for (size_t i = start; i < end; i++) {
            if (!(x[i] >= threshold)) continue;
            out[found++] = (ck_candidate){x[i], (int32_t)i};
            total += (double)x[i];
        }
    }
    *sum = total;
    return found;
}

static bool comes_before(ck_candidate a, ck_candidate b) {
    return a.value > b.value || (a.value == b.value && a.index < b.index);
}

/// Lets the element at `place` sink until what is below comes after it.
static void sink(ck_candidate *heap, size_t count, size_t place) {
    ck_candidate moving = heap[place];
    for (size_t child = 2 * place + 1; child < count; child = 2 * place + 1) {
        if (child + 1 < count && comes_before(heap[child + 1], heap[child])) child++;
        if (!comes_before(heap[child], moving)) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = moving;
}

size_t ck_greatest_first(ck_candidate *candidates, size_t count, size_t most, double mass) {
    for (size_t place = count / 2; place-- > 0;) sink(candidates, count, place);
    size_t taken = 0;
    double sum = 0;
    while (taken < least(count, most) && (taken == 0 || sum < mass)) {
        // The greatest goes behind the heap that is left.
        size_t last = count - 1 - taken;
        ck_candidate greatest = candidates[0];
        candidates[0] = candidates[last];
        candidates[last] = greatest;
        sink(candidates, last, 0);
        sum += (double)greatest.value;
        taken++;
    }
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        ck_candidate other = candidates[--j];
        candidates[j] = candidates[i];
        candidates[i] = other;
    }
    return taken;
}
