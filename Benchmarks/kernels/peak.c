// Prints what one core can do in a register loop: GFLOP/s in fp32 and in bf16 (0 where the CPU has none).
#include <stdio.h>

#include "CKernels.h"
#include "pair.h"

int main(void) {
    double best[2] = {0, 0};
    for (int round = 0; round < 5; round++) {
        for (int bf16 = 0; bf16 < (ck_has_bf16() ? 2 : 1); bf16++) {
            double rate = peak_of_a_core(bf16);
            if (rate > best[bf16]) best[bf16] = rate;
        }
    }
    printf("%.0f %.0f\n", best[0], best[1]);
    return 0;
}
