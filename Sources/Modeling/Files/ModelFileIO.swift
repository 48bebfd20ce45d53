// Reading and writing whole files with the calls of the system: bounded reads, and writes that are there or not.
import Glibc

/// Files as this module needs them. Errors name the path and the system's reason.
enum ModelFileIO {
    /// The bytes of a file; throws when it is longer than `limit`.
    static func read(_ path: String, limit: Int) throws(ModelError) -> [UInt8] {
        let file = try OpenFile(reading: path)
        try file.requireRegular()
        guard file.size <= limit else {
            throw ModelError(.invalidFile, "\(path) has \(file.size) bytes; the limit is \(limit)")
        }
        return try file.bytes(at: 0, count: file.size)
    }

    /// What `body` makes of a file's bytes; its errors name the file.
    static func parse<Value>(
        _ path: String, limit: Int, _ body: ([UInt8]) throws(ModelError) -> Value
    ) throws(ModelError) -> Value {
        do throws(ModelError) { return try body(try read(path, limit: limit)) } catch { throw error.naming(path) }
    }

    /// Whether something is at a path, links followed.
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes a file if it is there.
    static func remove(_ path: String) throws(ModelError) {
        if unlink(path) != 0, errno != ENOENT { throw failure("cannot remove", path) }
    }

    /// Writes a file so that a crash leaves the old one or the new one: a temporary name in the same directory, fsync,
    /// rename, fsync of the directory.
    static func writeAtomically(
        _ path: String, _ body: (borrowing OpenFile) throws(ModelError) -> Void
    ) throws(ModelError) {
        let temporary = "\(path).partial-\(getpid())"
        do throws(ModelError) {
            let file = try OpenFile(creating: temporary)
            try body(file)
            guard fsync(file.descriptor) == 0 else { throw failure("cannot flush", temporary) }
            guard rename(temporary, path) == 0 else { throw failure("cannot rename to", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let parent = try OpenFile(reading: directory.isEmpty ? "/" : directory)
        guard fsync(parent.descriptor) == 0 else { throw failure("cannot flush", directory) }
    }

    /// Writes these bytes atomically.
    static func writeAtomically(_ path: String, bytes: [UInt8]) throws(ModelError) {
        try writeAtomically(path) { (file) throws(ModelError) in
            try bytes.withUnsafeBytes { source in Result { () throws(ModelError) in try file.write(source) } }.get()
        }
    }

    /// Makes a directory if it is not there; its parent must be.
    static func makeDirectory(_ path: String) throws(ModelError) {
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw failure("cannot make", path) }
    }

    static func failure(_ what: String, _ path: String) -> ModelError {
        ModelError(.system, "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

/// An open file; closed when it goes.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    /// Bytes when it was opened.
    let size: Int
    private let isRegular: Bool
    private let path: String

    init(reading path: String) throws(ModelError) {
        // Without O_NONBLOCK a named pipe in place of a file would wait for a writer that never comes.
        try self.init(path, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    }

    init(creating path: String) throws(ModelError) {
        try self.init(path, open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644))
    }

    private init(_ path: String, _ descriptor: Int32) throws(ModelError) {
        guard descriptor >= 0 else { throw ModelFileIO.failure("cannot open", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = ModelFileIO.failure("cannot examine", path)
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
        size = Int(status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
    }

    /// Throws unless this is a plain file: a directory, a pipe or a device has no bytes to count on.
    func requireRegular() throws(ModelError) {
        guard isRegular else { throw ModelError(.invalidFile, "\(path) is not a regular file") }
    }

    deinit { close(descriptor) }

    /// The first bytes of a file whose size the system does not tell, as those under /proc: as many as one read gives.
    func firstBytes(_ limit: Int) throws(ModelError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: limit)
        let got = pread(descriptor, &result, limit, 0)
        guard got >= 0 else { throw ModelFileIO.failure("cannot read", path) }
        return Array(result.prefix(got))
    }

    /// Exactly `count` bytes from `offset`.
    func bytes(at offset: Int, count: Int) throws(ModelError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        try result.withUnsafeMutableBytes { target in
            Result { () throws(ModelError) in try read(into: target, at: offset) }
        }.get()
        return result
    }

    /// Fills `target` from `offset`; a file that ends earlier is an error.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(ModelError) {
        var done = 0
        while done < target.count, let base = target.baseAddress {
            let got = pread(descriptor, base + done, target.count - done, off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ModelFileIO.failure("cannot read", path) }
            guard got > 0 else { throw ModelError(.invalidFile, "\(path) ends at byte \(offset + done)") }
            done += got
        }
    }

    /// Writes all of `source` at the end.
    func write(_ source: UnsafeRawBufferPointer) throws(ModelError) {
        var done = 0
        while done < source.count, let base = source.baseAddress {
            let put = Glibc.write(descriptor, base + done, source.count - done)
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw ModelFileIO.failure("cannot write", path) }
            done += put
        }
    }
}
