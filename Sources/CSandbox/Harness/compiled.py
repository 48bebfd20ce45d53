# Seventh part of the harness: C++ programs. Compiled once per source in the same jail, kept as sealed memory files by
# the base interpreter, run straight from memory, so that the program's directory is empty for each test.
import fcntl
import hashlib

BINARIES_MAX, BINARY_BYTES_MAX = 8, 32 << 20
SEALS = 1 | 2 | 4 | 8  # no more sealing, shrinking, growing, writing
# The compiler's own default first; programs of the later standard need not say so.
STANDARDS = ("-std=gnu++17", "-std=gnu++23")
COMPILER_OPTIONS = ("-O2", "-static", "-pipe", "-w", "-fmax-errors=5", "-x", "c++")


class Binaries:
    """The base interpreter's compiled programs by source, oldest out first."""

    def __init__(self):
        self.kept = {}

    def slot_for(self, source):
        """(file, whether it is filled) for the source; an empty file is to be filled by the submission."""
        key = hashlib.sha256(source).digest()
        file = self.kept.pop(key, None)
        if file is None:
            while len(self.kept) >= BINARIES_MAX:
                os.close(self.kept.pop(next(iter(self.kept))))
            file = os.memfd_create("program", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.kept[key] = file
        return file

    def forget_unfinished(self, source):
        """Drops a file that no compilation sealed."""
        key = hashlib.sha256(source).digest()
        file = self.kept.get(key)
        if file is not None and not is_sealed(file):
            os.close(self.kept.pop(key))


def is_sealed(file):
    return fcntl.fcntl(file, fcntl.F_GET_SEALS) & 8 != 0


def compile_binary(task, jail, file):
    """Fills `file` with the program, or sends why not; True when it is there."""
    if is_sealed(file):
        return True
    log = memory_file("log")
    for standard in STANDARDS:
        ended = run_compiler(task, standard, log)
        good = ended.code == 0 and ended.signal == 0 and copy_program(file)
        # Only a program that was read to its end and refused is another standard's concern.
        if good or ended.late or ended.signal or ended.code != 1:
            break
    if not good:
        text = file_bytes(log, 1 << 16).decode("utf-8", "replace").replace("<stdin>", "solution.cpp")
        text = text or ("compiling takes too long" if ended.late else "the compiler gave up")
        send(("uncompiled", task.nonce), text[:EXCERPT].encode())
    os.close(log)
    return good


def run_compiler(task, standard, log):
    """One compilation, its messages behind those in `log`."""
    source = memory_file("source", task.source)
    process = clone()
    if process == 0:
        os.dup2(source, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 256)
        limit(resource.RLIMIT_CPU, int(task.compile_cpu) + 1)
        os.execve(task.compiler, [task.compiler, standard, *COMPILER_OPTIONS, "-", "-o", "/tmp/program"],
                  {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp"})
    os.close(source)
    return await_child(process, task.compile_cpu * 2 + 2, lambda used: task.compile_cpu * 2 - used)


def copy_program(file):
    try:
        source = os.open("/tmp/program", os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    size = os.fstat(source).st_size
    if not 0 < size <= BINARY_BYTES_MAX:
        return False
    while os.sendfile(file, source, None, 1 << 20):
        pass
    os.close(source)
    os.unlink("/tmp/program")
    os.fchmod(file, 0o500)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, SEALS)
    return True


def run_binary(file):
    """Becomes the compiled program; never returns. Its descriptor 3 closes as it starts."""
    try:
        os.execve(file, ["solution"], {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"})
    finally:
        os._exit(126)
