// One or two threads that run the same function on their own half, started once and waiting in a loop, as oneDNN's do.
#ifndef PAIR_H
#define PAIR_H

/// Runs `work(argument, half, halves)` on `threads` (1 or 2) threads and returns when all are done.
void pair_run(int threads, void (*work)(void *, int, int), void *argument);

/// Products and sums per nanosecond of one core that only adds products in registers, in fp32 (`bf16` false) or bf16:
/// runs for about 0.2 ms; 0 if the CPU cannot.
double peak_of_a_core(int bf16);

#endif
