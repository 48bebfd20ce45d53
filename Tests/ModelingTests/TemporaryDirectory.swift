// A directory that goes away with the test that made it.
import Glibc
import Testing

/// An empty directory, removed with everything in it when the value is released.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/rolloutd-model-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    /// The names inside a subdirectory.
    func names(_ subdirectory: String) throws -> [String] { Self.names("\(path)/\(subdirectory)") }

    private static func names(_ path: String) -> [String] {
        guard let handle = opendir(path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func removeAll(_ path: String) {
        for name in names(path) { removeAll("\(path)/\(name)") }
        remove(path)
    }

    deinit { Self.removeAll(path) }
}
