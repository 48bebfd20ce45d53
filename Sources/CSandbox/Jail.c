// The launcher's processes: outer (in the server's world, holds the cgroups), middle (slot uid, makes the namespaces),
// init (process 1 of the jail, becomes the base interpreter). No policy of tests.
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "CSandbox.h"
#include "Walls.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { lifeline = 0, control = 3 };

// Tells the server why there is no jail: a frame "fault STEP: REASON" on the control socket.
void jail_fault(const char *step) {
    char text[200];
    int length = snprintf(text, sizeof text, "fault %s: %s", step, strerror(errno));
    if (length < 0) length = 0;
    if ((size_t)length >= sizeof text) length = (int)sizeof text - 1;
    uint32_t size = (uint32_t)length;
    if (write(control, &size, sizeof size) != (ssize_t)sizeof size) _exit(70);
    if (write(control, text, size) != (ssize_t)size) _exit(70);
    _exit(70);
}

static int write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return written == (ssize_t)strlen(text) ? 0 : -1;
}

static int write_beneath(const char *directory, const char *name, const char *text) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return write_text(path, text);
}

static void make_cgroup(const char *directory) {
    if (mkdir(directory, 0755) != 0 && errno != EEXIST) jail_fault(directory);
}

// Version 2 has memory.max, version 1 memory.limit_in_bytes. Swap would turn a memory limit into a slow machine; its
// files are absent where the kernel does not account for it.
static void limit_memory(const char *directory, const char *number) {
    const char *swap = "memory.swap.max", *most = "0";
    if (write_beneath(directory, "memory.max", number) != 0) {
        if (errno != ENOENT && errno != EACCES) jail_fault("memory limit");
        if (write_beneath(directory, "memory.limit_in_bytes", number) != 0) jail_fault("memory limit");
        swap = "memory.memsw.limit_in_bytes";
        most = number;
    }
    if (write_beneath(directory, swap, most) != 0 && errno != ENOENT && errno != EACCES) jail_fault("swap limit");
}

static void make_cgroups(const csandbox_jail *jail) {
    char number[32];
    if (jail->memory_cgroup) {
        make_cgroup(jail->memory_cgroup);
        snprintf(number, sizeof number, "%llu", (unsigned long long)jail->memory_bytes);
        limit_memory(jail->memory_cgroup, number);
    }
    // A group with nothing set has its fair share, however many threads run in it.
    if (jail->cpu_cgroup) make_cgroup(jail->cpu_cgroup);
    if (jail->pids_cgroup) {
        make_cgroup(jail->pids_cgroup);
        snprintf(number, sizeof number, "%llu", (unsigned long long)jail->processes);
        if (write_beneath(jail->pids_cgroup, "pids.max", number) != 0) jail_fault("pids limit");
    }
}

static void join_cgroups(const csandbox_jail *jail) {
    if (jail->memory_cgroup && write_beneath(jail->memory_cgroup, "cgroup.procs", "0") != 0) jail_fault("join memory");
    if (jail->pids_cgroup && write_beneath(jail->pids_cgroup, "cgroup.procs", "0") != 0) jail_fault("join pids");
    if (jail->cpu_cgroup && write_beneath(jail->cpu_cgroup, "cgroup.procs", "0") != 0) jail_fault("join cpu");
}

// A cgroup is removable only some moments after its last process ended.
static void remove_cgroup(const char *directory) {
    for (int attempt = 0; directory && attempt < 400 && rmdir(directory) != 0 && errno == EBUSY; attempt++) {
        struct timespec pause = {0, 5000000};
        nanosleep(&pause, NULL);
    }
}

// Ends this process when its parent ends; must be repeated after each change of credentials.
static void die_with(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) jail_fault("parent-death signal");
    if (parent != 0 && getppid() != parent) _exit(71);
}

static void limit(int resource, uint64_t value, const char *step) {
    struct rlimit bound = {value, value};
    if (setrlimit((__rlimit_resource_t)resource, &bound) != 0) jail_fault(step);
}

// Programs ask for more stack, up to no limit, and memory bounds it anyway: the hard limit stays what it is.
static void limit_stack(uint64_t value) {
    struct rlimit bound;
    if (getrlimit(RLIMIT_STACK, &bound) != 0) jail_fault("look at the stack limit");
    bound.rlim_cur = value < bound.rlim_max ? value : bound.rlim_max;
    if (setrlimit(RLIMIT_STACK, &bound) != 0) jail_fault("limit stack");
}

static void set_limits(const csandbox_jail *jail) {
    limit(RLIMIT_CORE, 0, "limit core");
    limit(RLIMIT_NOFILE, 256, "limit files");
    limit(RLIMIT_FSIZE, jail->file_bytes, "limit file size");
    // Without a uid or a namespace of its own the count would be that of all the user's processes.
    if (jail->namespaces || jail->uid >= 0) limit(RLIMIT_NPROC, jail->processes, "limit processes");
    limit_stack(jail->stack_bytes);
    limit(RLIMIT_MEMLOCK, 0, "limit locked memory");
    limit(RLIMIT_MSGQUEUE, 0, "limit message queues");
    limit(RLIMIT_SIGPENDING, 256, "limit signals");
}

// Changes to the slot's uid: a tree that uid 0 started ignores RLIMIT_NPROC.
static void change_user(const csandbox_jail *jail, pid_t parent) {
    if (jail->uid < 0) return;
    uid_t uid = (uid_t)jail->uid;
    if (setgroups(0, NULL) != 0) jail_fault("setgroups");
    if (setresgid(uid, uid, uid) != 0) jail_fault("setresgid");
    if (setresuid(uid, uid, uid) != 0) jail_fault("setresuid");
    // The change made the process unreadable to itself, and its maps unwritable.
    if (prctl(PR_SET_DUMPABLE, 1) != 0) jail_fault("dumpable");
    die_with(parent);
}

static void enter_user_namespace(void) {
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER) != 0) jail_fault("user namespace");
    if (write_text("/proc/self/setgroups", "deny") != 0) jail_fault("setgroups deny");
    snprintf(map, sizeof map, "1000 %u 1", uid);
    if (write_text("/proc/self/uid_map", map) != 0) jail_fault("uid map");
    snprintf(map, sizeof map, "1000 %u 1", gid);
    if (write_text("/proc/self/gid_map", map) != 0) jail_fault("gid map");
}

static void enter_namespaces(void) {
    enter_user_namespace();
    int all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    if (unshare(all) != 0) jail_fault("namespaces");
}

static void become_interpreter(const csandbox_jail *jail) {
    // One descriptor of the server's world remains: the control socket.
    int null = open("/dev/null", O_RDWR);
    if (null < 0) jail_fault("open /dev/null");
    if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) jail_fault("descriptors");
    if (null > 2) close(null);
    syscall(SYS_close_range, 4u, ~0u, 0u);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) jail_fault("no_new_privs");
    static const char boot[] =
        "import os\n"
        "def exactly(n):\n"
        " b=bytearray()\n"
        " while len(b)<n:\n"
        "  c=os.read(3,n-len(b))\n"
        "  if not c: os._exit(0)\n"
        "  b+=c\n"
        " return bytes(b)\n"
        "source=exactly(int.from_bytes(exactly(4),'little')).decode()\n"
        "exec(compile(source,'<harness>','exec'),{'__name__':'harness','exactly':exactly})\n";
    // -S -s -P: no site packages, nothing beside the program on the path. A fixed hash seed: the same program gives
    // the same output each time.
    char *const arguments[] = {
        (char *)jail->interpreter, (char *)"-S", (char *)"-s", (char *)"-P", (char *)"-B", (char *)"-X", (char *)"utf8",
        (char *)"-c", (char *)boot, NULL};
    char *const environment[] = {(char *)"PYTHONHASHSEED=0", (char *)"MALLOC_ARENA_MAX=1", NULL};
    execve(jail->interpreter, arguments, environment);
    jail_fault("start the interpreter");
}

// Process 1 of the jail.
static void run_init(const csandbox_jail *jail) {
    die_with(0);
    set_limits(jail);
    if (jail->namespaces) {
        jail_build_walls(jail->headers);
        jail_keep_only_mounting();
    } else if (chdir("/") != 0) {
        jail_fault("working directory");
    }
    become_interpreter(jail);
}

static void run_middle(const csandbox_jail *jail, pid_t outer) {
    die_with(outer);
    join_cgroups(jail);
    change_user(jail, outer);
    if (!jail->namespaces) run_init(jail);
    enter_namespaces();
    pid_t init = fork();
    if (init < 0) jail_fault("fork init");
    if (init == 0) run_init(jail);
    close(control);
    close(lifeline);
    int status = 0;
    while (waitpid(init, &status, 0) < 0 && errno == EINTR) {}
    _exit(0);
}

static volatile sig_atomic_t asked_to_end;

static void end(int number) {
    (void)number;
    asked_to_end = 1;
}

// Waits until the server is gone or asks for the end, or the jail has ended by itself.
static void wait_for_the_end(pid_t middle) {
    struct pollfd waits[2] = {{lifeline, POLLIN, 0}, {csandbox_pidfd(middle), POLLIN, 0}};
    sigset_t term, open;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &open);
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    while (!asked_to_end && ppoll(waits, 2, NULL, &open) < 0 && errno == EINTR) {}
}

// Kills our children until there are none. Where no process-id namespace ends a jail as a whole, its orphans come to
// us one after another; a program that sleeps would otherwise be waited for as long as it likes.
static void end_what_is_left(void) {
    for (;;) {
        char text[4096];
        snprintf(text, sizeof text, "/proc/self/task/%d/children", (int)getpid());
        int file = open(text, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0) close(file);
        text[length < 0 ? 0 : length] = 0;
        char *next = text;
        for (long child = strtol(next, &next, 10); child > 0; child = strtol(next, &next, 10))
            kill((pid_t)child, SIGKILL);
        int status = 0;
        if (waitpid(-1, &status, 0) < 0 && errno != EINTR) return;
    }
}

int csandbox_jail_run(const csandbox_jail *jail) {
    umask(022);
    if (jail->version != CSANDBOX_LAUNCHER_VERSION) {
        errno = ESTALE;
        jail_fault("version");
    }
    // Orphans come to us, so that "no child left" means "nothing of the jail is left".
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) jail_fault("subreaper");
    make_cgroups(jail);
    pid_t outer = getpid();
    pid_t middle = fork();
    if (middle < 0) jail_fault("fork");
    if (middle == 0) run_middle(jail, outer);
    close(control);
    wait_for_the_end(middle);
    kill(middle, SIGKILL);
    end_what_is_left();
    // A jail that ended by itself leaves its groups to the server, which wants to know whether memory ended it.
    struct pollfd server = {lifeline, POLLIN, 0};
    while (poll(&server, 1, -1) < 0 && errno == EINTR) {}
    remove_cgroup(jail->memory_cgroup);
    remove_cgroup(jail->pids_cgroup);
    remove_cgroup(jail->cpu_cgroup);
    return 0;
}

int csandbox_jail_probe(void) {
    if (geteuid() == 0) {
        // As the slots do it: a user without privileges makes the namespaces.
        if (setgroups(0, NULL) != 0 || setresgid(65533, 65533, 65533) != 0 || setresuid(65533, 65533, 65533) != 0)
            return 1;
        if (prctl(PR_SET_DUMPABLE, 1) != 0) return 1;
    }
    if (unshare(CLONE_NEWUSER) != 0) return 1;
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) return 1;
    return 0;
}
#else
int csandbox_jail_run(const csandbox_jail *jail) {
    (void)jail;
    return 69;
}
int csandbox_jail_probe(void) { return 1; }
#endif
