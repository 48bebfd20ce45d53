# Part of the harness: C++ programs. Compiled once per source in the same jail; the server keeps what came out and gives
# it to any jail that needs it again, sealed. Run straight from memory, so that the program's directory is empty for
# each test.
import _socket
import fcntl

BINARY_BYTES_MAX = 16 << 20
PART_BYTES = 4 << 20
SEALS = 1 | 2 | 4 | 8  # no more sealing, shrinking, growing, writing
# The compiler's own default first; programs of the later standard need not say so.
STANDARDS = ("-std=gnu++17", "-std=gnu++23")
COMPILER_OPTIONS = ("-O2", "-static", "-pipe", "-w", "-fmax-errors=5", "-I/headers")
COMPILER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}


def receive_file():
    """A descriptor that the server sends beside one byte."""
    line = _socket.socket(fileno=CONTROL)
    try:
        byte, extra, _, _ = line.recvmsg(1, _socket.CMSG_SPACE(4), _socket.MSG_CMSG_CLOEXEC)
    finally:
        line.detach()
    if not byte:
        os._exit(0)
    for level, kind, data in extra:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS and len(data) >= 4:
            return int.from_bytes(data[:4], "little")
    raise Fault("no program came with the request")


def is_sealed(file):
    return fcntl.fcntl(file, fcntl.F_GET_SEALS) & 8 != 0


def run_compiler(task, source, standard, arguments):
    """Compiles `source` to /tmp/program; (how the compiler ended, what it said)."""
    log, text = memory_file("log"), memory_file("source", source)
    process = clone()
    if process == 0:
        os.dup2(text, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 256)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, END_OF_CHILD)
        limit(resource.RLIMIT_CPU, int(task.compile_cpu) + 1)
        os.execve(task.compiler, [task.compiler, standard, *COMPILER_OPTIONS, *arguments, "-o", "/tmp/program"],
                  COMPILER_ENVIRONMENT)
    ended = await_child(process, task.compile_cpu * 2 + 2, lambda used: task.compile_cpu * 2 - used)
    said = file_bytes(log, 1 << 16).decode("utf-8", "replace").replace("<stdin>", "solution.cpp")
    os.close(log)
    os.close(text)
    return ended, said or ("compiling takes too long" if ended.late else "the compiler gave up")


def is_good(ended):
    return ended.code == 0 and ended.signal == 0


def compile_binary(task, file):
    """Fills `file` with the program and gives the server a copy, or sends why not; True when it is there."""
    ended, said = run_compiler(task, task.source, STANDARDS[0], ("-x", "c++", "-"))
    # Only a program that was read to its end and refused is another standard's concern.
    if ended.code == 1 and not ended.late and not ended.signal:
        ended, _ = run_compiler(task, task.source, STANDARDS[1], ("-x", "c++", "-"))
    good = is_good(ended)
    if good and not copy_program(file):
        good, said = False, "the compiled program is too large"
    if good:
        send_with_file(("program", task.nonce), file, b"")
    else:
        send(("uncompiled", task.nonce), said[:EXCERPT].encode())
    return good


def compile_headers(task):
    """Sends the precompiled form of the header that contest programs begin with, in parts: it has 100 MB."""
    # Unlike a program, a header is not taken from standard input.
    with open("/tmp/header", "wb") as file:
        file.write(b"#include <bits/stdc++.h>\n")
    ended, said = run_compiler(task, b"", STANDARDS[0], ("-x", "c++-header", "/tmp/header"))
    if not is_good(ended):
        send(("uncompiled", task.nonce), said[:EXCERPT].encode())
        return
    with open("/tmp/program", "rb", buffering=0) as file:
        while part := file.read(PART_BYTES):
            send(("part", task.nonce), part)


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
