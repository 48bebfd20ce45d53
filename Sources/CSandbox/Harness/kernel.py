# First part of the harness that runs inside the jail: what it asks of the kernel. Knows nothing of tests. `exactly`
# (reads n bytes from the control socket) comes from the boot text.
import ctypes
import os
import resource
import select
import signal
import struct
import sys
import time

CONTROL = 3
STEP = 0.1  # seconds between looks at a child's CPU clock
END_OF_CHILD = {signal.SIGCHLD}
libc = ctypes.PyDLL(None, use_errno=True)
SYSCALLS = {
    "x86_64": dict(clone=56, capset=126, seccomp=317, gettid=186),
    "aarch64": dict(clone=220, capset=91, seccomp=277, gettid=178),
}[os.uname().machine]
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_CHILD_SETTID = 0x20000, 0x8000000, 0x20000000, 0x1000000


class Fault(Exception):
    """The sandbox itself could not do its work: never the program's fault, never a verdict."""


def syscall(name, number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise Fault(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def thread_id_place():
    """Where the C library keeps this thread's id, without which a copy could not send itself signals; None if not found."""
    offset = {"x86_64": 720, "aarch64": 208}[os.uname().machine]
    libc.pthread_self.restype = ctypes.c_void_p
    place = libc.pthread_self() + offset
    return place if ctypes.c_int.from_address(place).value == own_thread_id() else None


def own_thread_id():
    return libc.syscall(SYSCALLS["gettid"])


THREAD_ID = thread_id_place()
# The copy's id is written there by the kernel; the places of the last two arguments differ between the machines.
CLONE_PLACES = [ctypes.c_void_p(p) for p in (
    (THREAD_ID, None) if os.uname().machine == "x86_64" else (None, THREAD_ID))]


def clone(flags=0):
    """A copy of this process; 0 in the copy. Bare, since Python's own after-fork hooks (reseeding, thread tables) cost
    more than the fork; this process has one thread, and a fixed random seed makes verdicts repeatable."""
    flags |= signal.SIGCHLD | (CLONE_CHILD_SETTID if THREAD_ID else 0)
    return syscall("clone", SYSCALLS["clone"], ctypes.c_long(flags), None, None, *CLONE_PLACES)


def clone_submission(namespaces):
    """A copy of this process in fresh pid, ipc and mount namespaces where there are any."""
    return clone(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID if namespaces else 0)


def fresh_directory(size):
    """An empty /tmp of our own; it goes when the last process of the submission does, however deep it became."""
    if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", ctypes.c_ulong(2 | 4), b"size=%d,nr_inodes=4096,mode=700" % size) != 0:
        raise Fault(f"mount /tmp: {os.strerror(ctypes.get_errno())}")
    os.chdir("/tmp")


CAPABILITY_HEADER, NO_CAPABILITIES = struct.pack("<Ii", 0x20080522, 0), bytes(24)


def drop_capabilities():
    syscall("capset", SYSCALLS["capset"], CAPABILITY_HEADER, NO_CAPABILITIES)


FS_EXECUTE, FS_WRITE, FS_READ_FILE, FS_READ_DIR = 1, 2, 4, 8
FS_REMOVE_DIR, FS_REMOVE_FILE, FS_MAKE_DIR, FS_MAKE_REG, FS_REFER, FS_TRUNCATE = 16, 32, 128, 256, 1 << 13, 1 << 14
FS_WRITING = (FS_WRITE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG
              | FS_REFER | FS_TRUNCATE)


class Landlock:
    """Files that a submission may reach; no TCP, no signals and no abstract sockets outside. Prepared once, since each
    page that a fresh process writes costs it a fault."""

    def __init__(self, abi, rules, scoped=True):
        self.abi = abi
        self.handled = (1 << 13) - 1
        self.handled |= FS_REFER if abi >= 2 else 0
        self.handled |= FS_TRUNCATE if abi >= 3 else 0
        self.handled |= 1 << 15 if abi >= 5 else 0
        self.attribute = struct.pack("<QQQ", self.handled, 3 if abi >= 4 else 0, 3 if abi >= 6 and scoped else 0)
        self.size = ctypes.c_size_t(24 if abi >= 6 else 16 if abi >= 4 else 8)
        self.rules = [self.rule(path, access) for path, access in rules] if abi else []

    def rule(self, path, access):
        return struct.pack("<Qi", access & self.handled, os.open(path, os.O_PATH | os.O_CLOEXEC))

    def confine(self, path, access):
        """Confines this process to the prepared rules and one more, if there is a path."""
        if self.abi == 0:
            return
        ruleset = syscall("landlock", LANDLOCK_CREATE, self.attribute, self.size, 0)
        for rule in self.rules if path is None else (*self.rules, self.rule(path, access)):
            syscall("landlock rule", LANDLOCK_ADD, ruleset, 1, rule, 0)
        syscall("landlock", LANDLOCK_RESTRICT, ruleset, 0)
        os.close(ruleset)


class Filter:
    """A system-call filter, ready to install; its stand-in for "myself" becomes the installing process's id."""

    def __init__(self, code):
        self.text = ctypes.create_string_buffer(code, len(code))
        head = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(self.text))
        self.program = ctypes.create_string_buffer(head, len(head))
        self.words = memoryview(self.text).cast("B").cast("I")
        self.own = [at // 4 for at in range(4, len(code), 8) if code[at:at + 4] == b"\x1f\x5e\x1f\x5e"]

    def install(self):
        if self.own:
            own = os.getpid()
            for place in self.own:
                self.words[place] = own
        syscall("seccomp", SYSCALLS["seccomp"], 1, 0, self.program)


def cpu_clock(process):
    """Seconds of CPU that a live child has used, all threads; None when it has just ended."""
    try:
        return time.clock_gettime((~process << 3) | 2)
    except OSError:
        return None


class Ended:
    """How a child ended: exit code or signal, CPU seconds, peak memory in KiB, and whether we ended it for time."""

    __slots__ = ("code", "signal", "cpu", "peak", "late")

    def __init__(self, status, usage, late):
        self.code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss
        self.late = late


def await_child(process, wall, allowance, progress=None):
    """Waits for a child, killing it when `allowance(cpu)` (CPU seconds left) or the wall backstop runs out; the
    backstop starts anew whenever `progress()` changes.

    The end of a child is a signal that waits for us, blocked: two system calls a child, and nothing to open and close.
    """
    end = time.monotonic() + wall
    pause, seen = STEP, None
    while True:
        signal.sigtimedwait(END_OF_CHILD, pause)
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            return Ended(status, usage, False)
        used = cpu_clock(process)
        # It may be another child's end, or this one's a moment before it can be had.
        left = 0.001 if used is None else allowance(used)
        if progress is not None and progress() != seen:
            seen, end = progress(), time.monotonic() + wall
        now = time.monotonic()
        if left <= 0 or now >= end:
            os.kill(process, signal.SIGKILL)
            _, status, usage = os.wait4(process, 0)
            return Ended(status, usage, True)
        pause = max(0.001, min(left, STEP, end - now))


def write_whole(descriptor, content):
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view):]


def memory_file(name, content=b""):
    descriptor = os.memfd_create(name)
    if content:
        write_whole(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def file_bytes(descriptor, most):
    """The content of a memory file, at most `most` bytes of it."""
    parts, at = [], 0
    while at < most:
        part = os.pread(descriptor, min(1 << 20, most - at), at)
        if not part:
            break
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def file_tail(descriptor, most):
    """The last `most` bytes of a memory file."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, most, max(0, size - most)) if size else b""


def write_all(data):
    sent = os.write(CONTROL, data)
    while sent < len(data):
        sent += os.write(CONTROL, memoryview(data)[sent:])


def send(words, *blobs):
    """One frame to the server: length, a line of words and blob lengths, the blobs."""
    head = f"{' '.join(map(str, words))} | {' '.join([str(len(b)) for b in blobs])}\n".encode()
    content = b"".join((head, *blobs))
    write_all(len(content).to_bytes(4, "little") + content)


COPIED_MAX = 1 << 16


def send_with_file(words, descriptor, blob):
    """As `send`, with a whole memory file as the first blob; a large one is not copied through this process."""
    size = os.fstat(descriptor).st_size
    if size <= COPIED_MAX:
        send(words, os.pread(descriptor, size, 0) if size else b"", blob)
        return
    head = (" ".join(map(str, words)) + f" | {size} {len(blob)}\n").encode()
    write_all(struct.pack("<I", len(head) + size + len(blob)) + head)
    at = 0
    while at < size:
        sent = os.sendfile(CONTROL, descriptor, at, size - at)
        if sent == 0:
            raise Fault("the output shrank")
        at += sent
    write_all(blob)


def receive():
    """One frame from the server as (words, blobs); ends this process when the server is gone."""
    data = exactly(int.from_bytes(exactly(4), "little"))
    line_end = data.index(b"\n")
    words, _, lengths = data[:line_end].decode().partition(" | ")
    blobs, at = [], line_end + 1
    for length in map(int, lengths.split()):
        blobs.append(data[at:at + length])
        at += length
    return words.split(), blobs
