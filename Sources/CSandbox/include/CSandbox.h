// The part of the sandbox that must be C: starting helpers without fork, the jail's walls, and the system-call filters.
// Knows nothing of tests or verdicts; Sandboxing decides what runs, this decides what a run may touch.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What the machine offers; `csandbox_probe` fills it without leaving anything behind.
typedef struct {
    int linux_kernel;     ///< 1 on Linux with seccomp filters; 0 means that nothing can be sandboxed here.
    int root;             ///< 1 when this process may change to other user ids.
    int user_namespaces;  ///< 1 when a user namespace with all others inside it can be made.
    int landlock_abi;     ///< Landlock's ABI version, 0 when absent.
} csandbox_features;

/// Fills `features` by asking the kernel; starts one short helper (`launcher --probe`) for the namespaces.
void csandbox_probe(const char *launcher, csandbox_features *features);

/// Filter profiles. PROGRAM and BINARY only take away: what runs untrusted code has SUPERVISOR and one of them.
enum {
    /// For the process that owns one submission: may fork and wait, may not touch namespaces, mounts or sockets.
    CSANDBOX_FILTER_SUPERVISOR = 0,
    /// For Python under test: threads only, signals to itself only.
    CSANDBOX_FILTER_PROGRAM = 1,
    /// For a compiled program under test: PROGRAM plus execveat, with which it starts.
    CSANDBOX_FILTER_BINARY = 2,
    /// For the compiler: SUPERVISOR plus links and process groups.
    CSANDBOX_FILTER_COMPILER = 3,
};

/// Writes a classic BPF program (array of 8-byte `sock_filter`) for `profile` to `out`.
/// Returns the number of bytes, or 0 when `capacity` is too small or the architecture is unknown.
/// In PROGRAM and BINARY the immediate 0x5E1F5E1F stands for the process's own id; the harness patches it in.
size_t csandbox_filter(int profile, uint8_t *out, size_t capacity);

/// Starts `arguments[0]` with posix_spawn: empty signal mask, default dispositions, own session, an environment of
/// nothing, and exactly these descriptors: 0 = `lifeline`, 1 and 2 = /dev/null, 3 = `control`.
/// Returns 0 and the process id, or an errno.
int csandbox_spawn(char *const arguments[], int lifeline, int control, pid_t *process);

/// Two connected stream sockets, close-on-exec; 0 or an errno.
int csandbox_socket_pair(int pair[2]);

/// A pipe, close-on-exec; 0 or an errno.
int csandbox_pipe(int ends[2]);

/// A descriptor that becomes readable when the process ends, or -1.
int csandbox_pidfd(pid_t process);

/// A file in memory with this content that nobody can change, executable and close-on-exec; -1 when it cannot be had.
int csandbox_sealed_file(const void *content, size_t size);

/// Sends one byte with a descriptor beside it; 0 or an errno.
int csandbox_send_descriptor(int socket, int descriptor);

/// The harness that runs inside the jail (Python source), NUL-terminated.
const char *csandbox_harness(void);

/// What server and launcher must agree on: the launcher's options and the jail that it builds. Raised with either.
enum { CSANDBOX_LAUNCHER_VERSION = 2 };

/// How the launcher builds one slot's jail.
typedef struct {
    long version;               ///< The server's CSANDBOX_LAUNCHER_VERSION.
    int namespaces;             ///< 1: user, mount, pid, net, ipc, uts namespaces and pivot_root.
    long uid;                   ///< Slot uid to change to, or -1 to stay.
    const char *memory_cgroup;  ///< Directory to make and join, or NULL.
    const char *pids_cgroup;    ///< Directory to make and join, or NULL; may be the same.
    const char *cpu_cgroup;     ///< Directory to make and join, or NULL.
    const char *headers;        ///< Directory of precompiled headers to show at /headers, read-only, or NULL.
    const char *interpreter;    ///< The Python to run.
    uint64_t memory_bytes;      ///< First limit of the memory cgroup; RLIMIT_AS where there is none and `limit_as`.
    uint64_t stack_bytes;       ///< RLIMIT_STACK.
    uint64_t file_bytes;        ///< RLIMIT_FSIZE.
    uint64_t processes;         ///< RLIMIT_NPROC and pids.max.
    int limit_as;               ///< 1 where no memory cgroup can be had.
} csandbox_jail;

/// The launcher's body: builds the jail, runs the base interpreter in it, and ends it when descriptor 0 reaches its
/// end (the server is gone), then removes its cgroups. Returns the launcher's exit status.
int csandbox_jail_run(const csandbox_jail *jail);

/// The launcher's `--probe`: 0 when a user namespace with mount, pid, net, ipc and uts namespaces can be made.
int csandbox_jail_probe(void);
