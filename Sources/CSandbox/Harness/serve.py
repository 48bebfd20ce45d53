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
            rules = [("/usr", reading), ("/dev/null", FS_READ_FILE | FS_WRITE)]
        self.landlock = Landlock(abi, rules)


class Task:
    """One request: the program, its tests and its bounds."""

    def __init__(self, words, blobs):
        (_, self.nonce, self.kind, self.language, self.prelude, cpu, wall, deadline, compiling, output, memory,
         directory, interactive) = words
        self.cpu, self.wall, self.deadline = int(cpu) / 1000, int(wall) / 1000, int(deadline) / 1000
        self.output_bytes, self.memory_megabytes, self.directory_bytes = int(output), int(memory), int(directory)
        self.compile_cpu = int(compiling) / 1000
        self.interactive = interactive == "1"
        self.source, name, *self.tests = blobs
        self.name = name.decode("utf-8", "surrogateescape")


def send_case(task, test, status, ended, output=b"", note=b"", cpu=None):
    """Status words: ended, late, memory, raised, value, not_json, output, missing."""
    used = ended.cpu if cpu is None else cpu
    send(("case", task.nonce, test, status, ended.code, ended.signal, int(used * 1e6), ended.peak), output, note)


def may_go_on(task):
    return not task.interactive or exactly(1) == b"+"


def is_dirty():
    """Whether the program left files: then the next test needs a fresh directory."""
    with os.scandir(".") as entries:
        return next(entries, None) is not None


def run_streams(task, code, first, jail):
    """Runs the tests from `first` on; returns the test to go on with in a fresh directory, or None when all are done."""
    wants_path = b"/dev/stdin" in task.source
    for test in range(first, len(task.tests)):
        if test > first and is_dirty():
            return test
        stdin, stdout, stderr = memory_file("in", task.tests[test]), memory_file("out"), memory_file("err")
        if wants_path:
            with open("/tmp/.stdin", "wb") as file:
                file.write(task.tests[test])
        process = clone()
        if process == 0:
            enter_program(task, jail, (stdin, stdout, stderr), task.cpu)
            run_main(task, code)
        ended = await_child(process, task.wall, lambda used: task.cpu - used)
        report_stream(task, test, ended, stdout, stderr)
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        if not may_go_on(task):
            return None
    return None


def report_stream(task, test, ended, stdout, stderr):
    output = file_bytes(stdout, task.output_bytes + 1)
    note = file_bytes(stderr, 1 << 16)[-EXCERPT:]
    if ended.late or ended.cpu > task.cpu or ended.signal == signal.SIGXCPU:
        send_case(task, test, "late", ended)
    elif ended.signal == signal.SIGXFSZ or len(output) > task.output_bytes:
        send_case(task, test, "output", ended)
    elif ended.code == MEMORY_ERROR:
        send_case(task, test, "memory", ended, b"", note)
    else:
        send_case(task, test, "ended", ended, output, note)


def read_records(descriptor, most):
    """The records that a child wrote so far, as far as they are whole; the bytes are the program's, so any may be odd."""
    data = file_bytes(descriptor, most)
    at, records = 0, []
    while at + RECORD.size <= len(data):
        kind, test, cpu, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        if not BEGUN <= kind <= REFUTED or at + length > len(data):
            break
        records.append((kind, test, cpu / 1e6, data[at:at + length]))
        at += length
    return records


def run_entry_point(task, code, shared, first, jail):
    """As `run_streams`, for calls; `shared` tests of one process where the program keeps no state."""
    test = first
    while test < len(task.tests):
        if test > first and is_dirty():
            return test
        last = len(task.tests) if shared and not task.interactive else test + 1
        results = memory_file("results")
        null = os.open("/dev/null", os.O_RDWR)
        process = clone()
        if process == 0:
            enter_program(task, jail, (null, null, null, results), task.cpu * (last - test))
            run_calls(task, code, test, last, 3)

        def allowance(used):
            done = sum(r[2] for r in read_records(results, task.output_bytes + 1) if r[0] != BEGUN)
            return task.cpu + min(done, task.cpu * (last - test)) - used

        ended = await_child(process, task.wall * (last - test), allowance)
        test = report_calls(task, test, last, ended, results)
        os.close(results)
        os.close(null)
        if not may_go_on(task):
            return None
    return None


def report_calls(task, first, last, ended, results):
    """Sends a case for each call that has a record, and one for the call in which the process ended early."""
    names = {VALUE: "value", RAISED: "raised", NOT_JSON: "not_json", NO_MEMORY: "memory"}
    expected = first
    for kind, test, cpu, text in read_records(results, task.output_bytes + 1):
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
    if ended.late or ended.cpu > task.cpu * (last - first) or ended.signal == signal.SIGXCPU:
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
        text = task.source.decode("utf-8")
        if task.kind == "calls" and len(task.tests) > 1:
            tree = ast.parse(text, "solution.py")
            return compile(tree, "solution.py", "exec", dont_inherit=True), tree
        return compile(text, "solution.py", "exec", dont_inherit=True), None
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        send(("uncompiled", task.nonce), describe(error).encode("utf-8", "replace"))
        return None


def own_submission(task, first, jail):
    """The process of one submission: walls, one compilation, then the tests. Returns what `run_streams` does."""
    if jail.namespaces:
        fresh_directory(task.directory_bytes)
        drop_capabilities()
    jail.landlock.confine("/tmp" if jail.namespaces else ".", FS_WRITING)
    jail.supervisor.install()
    compiled = compile_python(task)
    if compiled is None:
        return None
    code, tree = compiled
    if task.kind == "assertions":
        return run_assertions(task, code, jail)
    send(("compiled", task.nonce, len(task.tests)))
    if task.kind == "streams":
        return run_streams(task, code, first, jail)
    shared = tree is not None and keeps_no_state(tree)
    return run_entry_point(task, code, shared, first, jail)


def submit(task, first, jail):
    """Runs a submission in its own process; returns the next test when it needs a fresh directory, else None."""
    reader, writer = os.pipe()
    process = clone_submission(jail.namespaces)
    if process == 0:
        status = 70
        try:
            following = own_submission(task, first, jail)
            if following is not None:
                os.write(writer, struct.pack("<I", following))
            status = 0
        except Fault as fault:
            send(("fault", task.nonce), str(fault).encode())
        except BaseException as error:
            send(("fault", task.nonce), describe(error).encode("utf-8", "replace"))
        finally:
            os._exit(status)
    os.close(writer)
    ended = await_child(process, task.deadline, lambda used: task.deadline)
    word = os.read(reader, 4)
    os.close(reader)
    if len(word) == 4:
        return struct.unpack("<I", word)[0]
    send(("done", task.nonce, ended.code, ended.signal, int(ended.late), int(ended.cpu * 1e6)))
    return None


def serve():
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    exec(CONTEST, contest_names)
    os.environ.clear()
    os.environ.update(PATH="/usr/bin:/bin", HOME="/tmp", LANG="C.UTF-8")
    jail = Jail(*receive())
    gc.collect()
    gc.disable()
    gc.freeze()
    send(("ready", sys.version.split()[0]))
    while True:
        words, blobs = receive()
        task = Task(words, blobs)
        del blobs
        following = 0
        while following is not None:
            following = submit(task, following, jail)
        del task


serve()
