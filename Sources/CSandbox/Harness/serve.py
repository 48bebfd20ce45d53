# Last part of the harness: the base interpreter, which serves requests, and the process that owns one submission.


class Jail:
    """What the server says about this slot, with everything that a submission will need made ready."""

    def __init__(self, words, blobs):
        self.namespaces, abi = words[1] == "1", int(words[2])
        self.limit_as = words[3] == "1"
        self.supervisor, self.program, self.binary, self.compiler = map(Filter, blobs)
        reading = FS_READ_FILE | FS_READ_DIR
        if self.namespaces:
            rules = [("/", reading), ("/dev", reading | FS_WRITE)]
        else:
            rules = [(path, reading) for path in ("/usr", "/lib", "/lib64") if os.path.exists(path)]
            rules += [(path, FS_READ_FILE | FS_WRITE) for path in ("/dev/null", "/dev/zero", "/dev/urandom")]
        self.landlock = Landlock(abi, rules)
        self.executing = Landlock(abi, [(path, access | FS_EXECUTE if path == "/" else access)
                                        for path, access in rules])


class Task:
    """One request: the program, its tests and its bounds."""

    def __init__(self, words, blobs):
        (_, self.nonce, self.kind, self.language, self.prelude, cpu, wall, deadline, compiling, output, memory,
         directory, interactive, self.compiler, late, program, compiled) = words
        self.cpu, self.wall, self.deadline = int(cpu) / 1000, int(wall) / 1000, int(deadline) / 1000
        self.output_bytes, self.memory_megabytes, self.directory_bytes = int(output), int(memory), int(directory)
        self.compile_cpu = int(compiling) / 1000
        self.interactive = interactive == "1"
        self.source, name, *self.tests = blobs
        self.name = name.decode("utf-8", "surrogateescape")
        self.count = len(self.tests)
        # Files take memory, too: a full directory alone must not end the harness.
        self.directory_bytes = min(self.directory_bytes, self.memory_megabytes << 19)
        # What tests that ran out of time have taken, and when all tests together have.
        self.late, self.late_most = 0.0, int(late) / 1000
        self.end = time.monotonic() + int(program) / 1000
        # A program that was compiled before comes sealed; else an empty file is to be filled by the submission.
        self.binary = None
        if compiled == "1":
            self.binary = receive_file()
        elif self.language == "cpp":
            self.binary = os.memfd_create("program", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)

    def close(self):
        if self.binary is not None:
            os.close(self.binary)

    def is_used_up(self):
        """Whether the tests that are left would hold the jail for too long."""
        return self.late > self.late_most or time.monotonic() > self.end


def case_words(task, test, status, ended, cpu=None):
    """Status words: ended, late, memory, raised, value, not_json, refuted, output, missing, not_run."""
    used = ended.cpu if cpu is None else cpu
    return "case", task.nonce, test, status, ended.code, ended.signal, int(used * 1e6), ended.peak


def send_case(task, test, status, ended, output=b"", note=b"", cpu=None):
    send(case_words(task, test, status, ended, cpu), output, note)


def may_go_on(task):
    return not task.interactive or exactly(1) == b"+"


def directory_state():
    """Size (a directory in memory grows with what is in it) and permissions: one call, where listing takes three."""
    directory = os.stat("/tmp")
    return directory.st_size, directory.st_mode


def is_dirty(jail):
    """Whether the program left files: then the next test needs a fresh directory. Without namespaces it cannot."""
    if not jail.namespaces:
        return False
    return directory_state() != jail.clean


def run_streams(task, code, names, first, jail, binary=None):
    """Runs the tests from `first` on; returns the test to go on with in a fresh directory, None when all are done."""
    for test in range(first, len(task.tests)):
        if test > first and (is_dirty(jail) or task.is_used_up()):
            return test
        started = time.monotonic()
        stdin, stdout, stderr = memory_file("in", task.tests[test]), memory_file("out"), memory_file("err")
        show_files(task, test, jail, stdout)
        process = clone()
        if process == 0 and task.language == "cpp":
            enter_program(task, jail, (stdin, stdout, stderr, binary), task.cpu, jail.binary)
            os.set_inheritable(3, False)
            run_binary(3)
        if process == 0:
            enter_program(task, jail, (stdin, stdout, stderr), task.cpu)
            run_main(code, names)
        ended = await_child(process, task.wall, lambda used: task.cpu - used)
        task.late += time.monotonic() - started if ended.late else 0
        report_stream(task, test, ended, stdout, stderr)
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        if not may_go_on(task):
            return None
    return None


def report_stream(task, test, ended, stdout, stderr):
    note = file_tail(stderr, EXCERPT)
    if ended.late or ended.cpu > task.cpu or ended.signal == signal.SIGXCPU:
        send_case(task, test, "late", ended)
    elif ended.signal == signal.SIGXFSZ or os.fstat(stdout).st_size > task.output_bytes:
        send_case(task, test, "output", ended)
    elif ended.code == MEMORY_ERROR:
        send_case(task, test, "memory", ended, b"", note)
    elif ended.code or ended.signal:
        send_case(task, test, "ended", ended, b"", note)
    else:
        send_with_file(case_words(task, test, "ended", ended), stdout, note)


def read_records(descriptor, task):
    """The records that a child wrote so far, as far as they are whole; the bytes are the program's, so any may be odd,
    and there may be many more than there are tests."""
    data = file_bytes(descriptor, task.output_bytes + 1)
    at, records, most = 0, [], 4 * task.count + 8
    while at + RECORD.size <= len(data) and len(records) < most:
        kind, test, cpu, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        if not BEGUN <= kind <= REFUTED or at + length > len(data):
            break
        records.append((kind, test, cpu / 1e6, data[at:at + length]))
        at += length
    return records


def call_allowance(task, results, most, used):
    """CPU seconds left to the call that runs now: its limit counts from where the program says that it began, and all
    calls together have an absolute bound, whatever the program says."""
    begun = [cpu for kind, _, cpu, _ in read_records(results, task) if kind == BEGUN]
    if not begun:
        return task.compile_cpu - used
    return min(task.cpu + begun[-1], most + task.compile_cpu) - used


def run_entry_point(task, code, names, first, jail):
    """As `run_streams`, for calls, each in a process of its own."""
    for test in range(first, len(task.tests)):
        if test > first and (is_dirty(jail) or task.is_used_up()):
            return test
        started = time.monotonic()
        results, null = memory_file("results"), os.open("/dev/null", os.O_RDWR)
        process = clone()
        if process == 0:
            enter_program(task, jail, (null, null, null, results), task.cpu)
            run_calls(task, code, names, test, test + 1, 3)
        ended = await_child(process, task.wall, lambda used: call_allowance(task, results, task.cpu, used))
        task.late += time.monotonic() - started if ended.late else 0
        report_calls(task, test, test + 1, ended, results)
        os.close(results)
        os.close(null)
        if not may_go_on(task):
            return None
    return None


def report_calls(task, first, last, ended, results):
    """Sends a case for each call that has a record, and one for the call in which the process ended early."""
    names = {VALUE: "value", RAISED: "raised", NOT_JSON: "not_json", NO_MEMORY: "memory"}
    expected = first
    for kind, test, cpu, text in read_records(results, task):
        if test != expected or kind == BEGUN:
            continue
        if kind == SETUP:
            for each in range(first, last):
                send_case(task, each, "raised", ended, b"", text)
            return last
        late = cpu > task.cpu
        value = text if kind == VALUE and not late else b""
        send_case(task, test, "late" if late else names[kind], ended, value, b"" if kind == VALUE else text, cpu)
        expected += 1
    if expected == last:
        return last
    size = os.fstat(results).st_size
    if ended.late or ended.signal == signal.SIGXCPU:
        status = "late"
    elif ended.signal == signal.SIGXFSZ or size > task.output_bytes:
        status = "output"
    else:
        status = "missing"
    send_case(task, expected, status, ended)
    return expected + 1


def compile_python(task):
    """(code, tree) of the program, or None after its compile error was sent."""
    try:
        text = task.source.decode("utf-8-sig")
        if task.kind == "calls" and len(task.tests) > 1:
            tree = ast.parse(text, "solution.py")
            return compile(tree, "solution.py", "exec", dont_inherit=True), tree
        return compile(text, "solution.py", "exec", dont_inherit=True), None
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        send(("uncompiled", task.nonce), describe(error).encode("utf-8", "replace"))
        return None


ALONE, WORD = 0xFFFFFFFF, struct.Struct("<Id")


def raise_walls(task, jail):
    if jail.namespaces:
        fresh_directory(task.directory_bytes)
        jail.clean = directory_state()
        drop_capabilities()
    # Without a directory of its own a program gets none at all.
    place = "/tmp" if jail.namespaces else None
    if task.language == "cpp":
        jail.executing.confine(place, FS_WRITING | FS_EXECUTE)
        jail.compiler.install()
    else:
        jail.landlock.confine(place, FS_WRITING)
        jail.supervisor.install()


def own_compiled_submission(task, first, jail):
    """As `own_submission`, for C++ on standard streams."""
    if not jail.namespaces or not (is_sealed(task.binary) or os.path.exists(task.compiler)):
        reason = f"{task.compiler} is not installed" if jail.namespaces else "compiling needs a jail with namespaces"
        send(("missing", task.nonce), reason.encode())
        return None
    if task.kind == "headers":
        return compile_headers(task)
    if not is_sealed(task.binary) and not compile_binary(task, task.binary):
        return None
    send(("compiled", task.nonce, len(task.tests)))
    # Compiling has its own memory limit; the server sets the tests' one now.
    if exactly(1) != b"+":
        return None
    return run_streams(task, None, None, first, jail, task.binary)


def own_submission(task, first, jail, results, tell):
    """The process of one submission: walls, one compilation, then the tests. Returns what `run_streams` does."""
    raise_walls(task, jail)
    if task.language == "cpp":
        return own_compiled_submission(task, first, jail)
    compiled = compile_python(task)
    if compiled is None:
        return None
    code, tree = compiled
    if b"asyncio" in task.source:
        let_loops_wake_by_pipes()
    sys.argv = ["solution.py"]
    names = enter_module("__main__" if task.kind == "streams" else "solution", task.prelude)
    if task.kind == "assertions":
        return run_assertions(task, code, names, jail)
    send(("compiled", task.nonce, len(task.tests)))
    if task.kind == "streams":
        return run_streams(task, code, names, first, jail)
    if tree is None or task.interactive or not keeps_no_state(tree):
        return run_entry_point(task, code, names, first, jail)
    # Nothing to keep apart: this process becomes the program, the base interpreter watches it.
    tell(ALONE)
    null = os.open("/dev/null", os.O_RDWR)
    enter_program(task, jail, (null, null, null, results), task.compile_cpu + task.cpu * (len(task.tests) - first))
    run_calls(task, code, names, first, len(task.tests), 3)


def start_submission(task, first, jail, results, writer):
    process = clone_submission(jail.namespaces)
    if process != 0:
        return process
    status = 70
    try:
        def tell(word):
            os.write(writer, WORD.pack(word, task.late))
        following = own_submission(task, first, jail, results, tell)
        if following is not None:
            tell(following)
        status = 0
    except Fault as fault:
        send(("fault", task.nonce), str(fault).encode())
    except BaseException as error:
        send(("fault", task.nonce), describe(error).encode("utf-8", "replace"))
    finally:
        os._exit(status)


class Word:
    """The one word that a submission may tell the base interpreter, read as soon as it is there; and the seconds that
    its late tests have taken."""

    def __init__(self, reader):
        self.reader, self.value, self.late = reader, None, 0.0

    def look(self):
        if self.value is None and select.select([self.reader], [], [], 0)[0]:
            word = os.read(self.reader, WORD.size)
            if len(word) == WORD.size:
                self.value, self.late = WORD.unpack(word)
        return self.value


def watch_submission(task, process, word, results):
    """Waits for a submission: one that became the program is held to the tests' limits, any other to the deadline."""
    started, most = time.monotonic(), task.cpu * len(task.tests)

    def allowance(used):
        if time.monotonic() - started > task.deadline:
            return 0
        return call_allowance(task, results, most, used) if word.look() == ALONE else 1.0

    def progress():
        return os.fstat(results).st_size if word.look() == ALONE else time.monotonic()

    return await_child(process, task.wall, allowance, progress)


def submit(task, first, jail):
    """Runs a submission in its own process; returns the test to go on with in a fresh one, None when all is said."""
    reader, writer = os.pipe()
    results = memory_file("results")
    started = time.monotonic()
    process = start_submission(task, first, jail, results, writer)
    os.close(writer)
    word = Word(reader)
    ended = watch_submission(task, process, word, results)
    following = word.look()
    task.late = max(task.late, word.late) + (time.monotonic() - started if ended.late else 0)
    if following == ALONE:
        following = report_calls(task, first, len(task.tests), ended, results)
        following = following if following < len(task.tests) else None
        ended.code = ended.signal = 0
        ended.late = False
    os.close(reader)
    os.close(results)
    if following is None:
        send(("done", task.nonce, ended.code, ended.signal, int(ended.late), int(ended.cpu * 1e6)))
    return following


def give_up(task, first):
    """Says that the tests from `first` on are not run."""
    nothing = types.SimpleNamespace(code=0, signal=0, cpu=0.0, peak=0)
    for test in range(first, len(task.tests)):
        send_case(task, test, "not_run", nothing)
        if not may_go_on(task):
            break
    send(("done", task.nonce, 0, 0, 0, 0))


def serve():
    signal.pthread_sigmask(signal.SIG_BLOCK, END_OF_CHILD)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    make_modules()
    os.environ.clear()
    os.environ.update(PATH="/usr/bin:/bin", HOME="/tmp", LANG="C.UTF-8")
    jail = Jail(*receive())
    gc.collect()
    gc.disable()
    gc.freeze()
    # Each copy of this process pays for each page of it.
    libc.malloc_trim(0)
    send(("ready", sys.version.split()[0]))
    while True:
        words, blobs = receive()
        task = Task(words, blobs)
        del blobs
        following = 0
        while following is not None:
            following = submit(task, following, jail)
            if following is not None and task.is_used_up():
                following = give_up(task, following)
        task.close()
        del task


serve()
