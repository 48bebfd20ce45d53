// The jail's file tree and capabilities. Runs in the jail's own user and mount namespaces, before any Python.
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "Walls.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MOUNT_ATTR_RDONLY
#error "needs the headers of Linux 5.12 or newer"
#endif

static const char root[] = "/tmp";

static void make_directory(const char *path) {
    if (mkdir(path, 0755) != 0 && errno != EEXIST) jail_fault(path);
}

static void protect(const char *path, uint64_t attributes) {
    struct mount_attr change = {.attr_set = attributes};
    if (syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &change, sizeof change) == 0) return;
    if (errno != ENOSYS) jail_fault(path);
    if (mount("none", path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) != 0) jail_fault(path);
}

// Shows a directory of the machine, read-only, at the same place in the jail; absent ones stay absent.
static void show(const char *path) {
    struct stat information;
    if (lstat(path, &information) != 0) return;
    char place[256];
    snprintf(place, sizeof place, "%s%s", root, path);
    if (S_ISLNK(information.st_mode)) {
        char target[256];
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0) jail_fault(path);
        target[length] = 0;
        if (symlink(target, place) != 0) jail_fault(place);
        return;
    }
    make_directory(place);
    if (mount(path, place, NULL, MS_BIND | MS_REC, NULL) != 0) jail_fault(path);
    protect(place, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static void show_device(const char *path) {
    char place[256];
    snprintf(place, sizeof place, "%s%s", root, path);
    int file = open(place, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0) jail_fault(place);
    close(file);
    if (mount(path, place, NULL, MS_BIND, NULL) != 0) jail_fault(path);
    protect(place, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

static void fill_tree(void) {
    static const char *const directories[] = {"/tmp/usr", "/tmp/usr/share", "/tmp/dev", "/tmp/dev/fd", "/tmp/tmp"};
    static const char *const shown[] = {"/usr/bin", "/usr/lib", "/usr/lib64", "/usr/include", "/usr/libexec",
        "/usr/share/zoneinfo", "/bin", "/lib", "/lib64"};
    // Opening standard streams by name is honest; the harness puts each test's files there.
    static const char *const links[][2] = {{"/tmp/.stdin", "/tmp/dev/stdin"}, {"/tmp/.stdin", "/tmp/dev/fd/0"},
        {"/tmp/.stdout", "/tmp/dev/stdout"}, {"/tmp/.stdout", "/tmp/dev/fd/1"}, {"/tmp/.stderr", "/tmp/dev/stderr"},
        {"/tmp/.stderr", "/tmp/dev/fd/2"}, {"urandom", "/tmp/dev/random"}};
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) make_directory(directories[i]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) show(shown[i]);
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) show_device(devices[i]);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], links[i][1]) != 0) jail_fault(links[i][1]);
}

static void show_headers(const char *headers) {
    static const char place[] = "/tmp/headers";
    make_directory(place);
    if (mount(headers, place, NULL, MS_BIND, NULL) != 0) jail_fault(place);
    protect(place, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

void jail_build_walls(const char *headers) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) jail_fault("private mounts");
    if (mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=256,mode=755") != 0)
        jail_fault("root tmpfs");
    fill_tree();
    if (headers) show_headers(headers);
    if (chdir(root) != 0) jail_fault("enter root");
    if (syscall(SYS_pivot_root, ".", ".") != 0) jail_fault("pivot_root");
    if (umount2(".", MNT_DETACH) != 0) jail_fault("detach the machine's tree");
    if (chdir("/") != 0) jail_fault("enter new root");
    struct mount_attr change = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &change, sizeof change) != 0) jail_fault("read-only root");
    if (sethostname("sandbox", 7) != 0) jail_fault("host name");
}

void jail_keep_only_mounting(void) {
    for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++) {
        if (capability == CAP_SYS_ADMIN) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) jail_fault("capability bounds");
    }
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    data[0].effective = data[0].permitted = data[0].inheritable = 1u << CAP_SYS_ADMIN;
    if (syscall(SYS_capset, &header, data) != 0) jail_fault("capset");
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) != 0) jail_fault("ambient capability");
}
#else
void jail_fault(const char *step) { (void)step; }
void jail_build_walls(const char *headers) { (void)headers; }
void jail_keep_only_mounting(void) {}
#endif
