// The system-call filters, assembled by hand as classic BPF. No policy of tests, no installation: the harness installs
// what this writes. SUPERVISOR and COMPILER are allow-lists (everything not named fails with EPERM; foreign
// architectures are killed); PROGRAM and BINARY stand on top of SUPERVISOR and take away what only it may do. The
// allow-list is a binary search over ranges: a linear one costs 180 us to install, most of a run's filter cost.
#include "CSandbox.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <termios.h>

#if defined(__x86_64__)
#define JAIL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH AUDIT_ARCH_AARCH64
#else
#define JAIL_ARCH 0
#endif

// Stands for the process's own id until the harness patches it.
#define OWN_ID 0x5E1F5E1Fu
#define NR_OFFSET offsetof(struct seccomp_data, nr)
#define ARCH_OFFSET offsetof(struct seccomp_data, arch)
// Low halves: both supported machines are little-endian.
#define LOW(argument) (offsetof(struct seccomp_data, args) + 8 * (argument))

typedef struct {
    struct sock_filter code[512];
    size_t count;
} assembler;

static void emit(assembler *a, uint16_t code, uint8_t yes, uint8_t no, uint32_t k) {
    if (a->count < sizeof a->code / sizeof a->code[0])
        a->code[a->count] = (struct sock_filter){code, yes, no, k};
    a->count++;
}

static void load(assembler *a, uint32_t offset) { emit(a, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset); }
static void answer(assembler *a, uint32_t action) { emit(a, BPF_RET | BPF_K, 0, 0, action); }
// Goes on with the next instruction when the accumulator equals k, else skips `skip` instructions.
static void unless_equal_skip(assembler *a, uint32_t k, uint8_t skip) {
    emit(a, BPF_JMP | BPF_JEQ | BPF_K, 0, skip, k);
}

static const uint32_t allow = SECCOMP_RET_ALLOW;
static const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
static const uint32_t absent = SECCOMP_RET_ERRNO | ENOSYS;

static void settle(assembler *a, uint32_t number, uint32_t action) {
    unless_equal_skip(a, number, 1);
    answer(a, action);
}

// Allows the call when its 32-bit argument is one of the values; otherwise refuses it.
static void permit_values(assembler *a, uint32_t number, int argument, const uint32_t *values, size_t count) {
    unless_equal_skip(a, number, (uint8_t)(2 + 2 * count));
    load(a, LOW(argument));
    for (size_t i = 0; i < count; i++) {
        unless_equal_skip(a, values[i], 1);
        answer(a, allow);
    }
    answer(a, refuse);
}

// Calls that touch nothing but the process's own memory, descriptors, clock and the files that it can see.
static const int common[] = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_openat,
    SYS_close, SYS_close_range, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2,
    SYS_readlinkat, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2,
    SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_getdents64, SYS_umask, SYS_fchmod,
    SYS_fchmodat, SYS_utimensat, SYS_fadvise64, SYS_statfs, SYS_fstatfs, SYS_copy_file_range, SYS_sendfile, SYS_dup,
    SYS_dup3, SYS_pipe2, SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2,
    SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap,
    SYS_madvise, SYS_brk, SYS_mincore, SYS_msync, SYS_futex, SYS_set_robust_list, SYS_get_robust_list,
    SYS_set_tid_address, SYS_gettid, SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_getpgid, SYS_getsid, SYS_getrusage, SYS_times, SYS_sysinfo,
    SYS_uname, SYS_getcpu, SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler,
    SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getpriority, SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigtimedwait, SYS_rt_sigsuspend, SYS_sigaltstack, SYS_setitimer,
    SYS_getitimer, SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
    SYS_getrandom, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid, SYS_restart_syscall, SYS_membarrier,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef __x86_64__
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename,
    SYS_getdents, SYS_chmod, SYS_dup2, SYS_pipe, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait, SYS_eventfd,
    SYS_getpgrp, SYS_pause, SYS_alarm, SYS_time, SYS_arch_prctl, SYS_utime, SYS_utimes, SYS_creat, SYS_getrlimit,
#endif
};

// Descriptor commands that are no lock, lease or notification: those would be channels between runs.
static const uint32_t descriptor_commands[] = {
    F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, 1030 /* F_DUPFD_CLOEXEC */, 1031 /* F_SETPIPE_SZ */,
    1032 /* F_GETPIPE_SZ */, 1033 /* F_ADD_SEALS */, 1034 /* F_GET_SEALS */,
};
static const uint32_t terminal_commands[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO};
static const uint32_t process_commands[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, 0x53564d41 /* PR_SET_VMA */};

// clone() may make threads; with `processes` also plain children, never a namespace.
static void permit_clone(assembler *a, int processes) {
    const uint32_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER
        | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;
    unless_equal_skip(a, SYS_clone, (uint8_t)(processes ? 4 : 6));
    load(a, LOW(0));
    emit(a, BPF_JMP | BPF_JSET | BPF_K, 0, 1, namespaces | 0x80u /* CLONE_NEWTIME, in the signal byte */);
    answer(a, refuse);
    if (!processes) {
        emit(a, BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_THREAD);
        answer(a, refuse);
    }
    answer(a, allow);
}

static void begin(assembler *a) {
    load(a, ARCH_OFFSET);
    emit(a, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, JAIL_ARCH);
    answer(a, SECCOMP_RET_KILL_PROCESS);
    load(a, NR_OFFSET);
#ifdef __x86_64__
    // The x32 numbers are a second, rarely tested door to the same calls.
    emit(a, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000u);
    answer(a, SECCOMP_RET_KILL_PROCESS);
#endif
}

// What only the process that owns a submission needs.
static const int supervising[] = {
    SYS_kill, SYS_tgkill, SYS_prlimit64, SYS_prctl, SYS_setrlimit, SYS_seccomp, SYS_pidfd_open, SYS_pidfd_send_signal,
    SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self, SYS_memfd_create, SYS_execve,
    SYS_execveat,
#ifdef __x86_64__
    SYS_fork, SYS_vfork,
#endif
};

// What g++ and its children need besides.
static const int compiling[] = {
    SYS_symlinkat, SYS_setpgid,
#ifdef __x86_64__
    SYS_symlink,
#endif
};

enum { numbers_max = 1024 };

static void mark(uint8_t *allowed, const int *numbers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] >= 0 && numbers[i] < numbers_max) allowed[numbers[i]] = 1;
}

// Boundaries of the ranges of equal answer; the first range is refused.
static size_t boundaries(const uint8_t *allowed, uint32_t *starts) {
    size_t count = 0;
    uint8_t now = 0;
    for (uint32_t number = 0; number < numbers_max; number++) {
        if (allowed[number] != now) starts[count++] = number;
        now = allowed[number];
    }
    return count;
}

// Emits the search over ranges low...high, where range i begins at starts[i - 1] and odd ranges are allowed.
static void search(assembler *a, const uint32_t *starts, size_t low, size_t high) {
    if (low == high) {
        answer(a, low % 2 == 1 ? allow : refuse);
        return;
    }
    size_t middle = (low + high + 1) / 2;
    size_t test = a->count;
    emit(a, BPF_JMP | BPF_JGE | BPF_K, 0, 0, starts[middle - 1]);
    search(a, starts, low, middle - 1);
    size_t left = a->count - test - 1;
    if (left > 255 || a->count > sizeof a->code / sizeof a->code[0]) {
        a->count = sizeof a->code / sizeof a->code[0] + 1;
        return;
    }
    a->code[test].jt = (uint8_t)left;
    search(a, starts, middle, high);
}

static void allow_list(assembler *a, int profile) {
    static const int answered[] = {SYS_clone, SYS_fcntl, SYS_ioctl, SYS_clone3};
    uint8_t allowed[numbers_max];
    uint32_t starts[numbers_max];
    memset(allowed, 0, sizeof allowed);
    mark(allowed, common, sizeof common / sizeof *common);
    mark(allowed, supervising, sizeof supervising / sizeof *supervising);
    if (profile == CSANDBOX_FILTER_COMPILER) mark(allowed, compiling, sizeof compiling / sizeof *compiling);
    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) allowed[answered[i]] = 0;
    permit_values(a, SYS_fcntl, 1, descriptor_commands, sizeof descriptor_commands / sizeof *descriptor_commands);
    permit_values(a, SYS_ioctl, 1, terminal_commands, sizeof terminal_commands / sizeof *terminal_commands);
    permit_clone(a, 1);
    // clone3 hides its flags behind a pointer; without it libraries fall back to clone.
    settle(a, SYS_clone3, absent);
    search(a, starts, 0, boundaries(allowed, starts));
}

static void take_away(assembler *a, int profile) {
    const uint32_t own[] = {OWN_ID};
    const uint32_t none[] = {0};
    permit_values(a, SYS_kill, 0, own, 1);
    permit_values(a, SYS_tgkill, 0, own, 1);
    permit_values(a, SYS_prlimit64, 0, none, 1);
    permit_values(a, SYS_prctl, 0, process_commands, sizeof process_commands / sizeof *process_commands);
    permit_clone(a, 0);
    if (profile == CSANDBOX_FILTER_BINARY) settle(a, SYS_execveat, allow);
    for (size_t i = 0; i < sizeof supervising / sizeof *supervising; i++) settle(a, (uint32_t)supervising[i], refuse);
    answer(a, allow);
}

size_t csandbox_filter(int profile, uint8_t *out, size_t capacity) {
    if (JAIL_ARCH == 0) return 0;
    assembler storage;
    assembler *a = &storage;
    a->count = 0;
    begin(a);
    if (profile == CSANDBOX_FILTER_PROGRAM || profile == CSANDBOX_FILTER_BINARY) {
        take_away(a, profile);
    } else {
        allow_list(a, profile);
    }
    if (a->count > sizeof a->code / sizeof a->code[0]) return 0;
    size_t bytes = a->count * sizeof(struct sock_filter);
    if (bytes > capacity) return 0;
    memcpy(out, a->code, bytes);
    return bytes;
}
#else
size_t csandbox_filter(int profile, uint8_t *out, size_t capacity) {
    (void)profile, (void)out, (void)capacity;
    return 0;
}
#endif
