// Counts files, for tests of what lies on disk.
import Foundation

enum FileManagerListing {
    /// Files of a directory whose names end so.
    static func count(in directory: String, suffix: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(suffix) }.count
    }
}
