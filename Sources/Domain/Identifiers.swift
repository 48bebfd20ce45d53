// The names of things. Each is a type of its own, so that a group's id cannot be passed where a prompt's is meant.

/// A string that names one stored thing; 1 to `Limits.identifierBytesMax` bytes of visible ASCII.
package protocol Identifier: Hashable, Sendable, CustomStringConvertible {
    /// The identifier as it stands in the database and on the wire.
    var text: String { get }
    /// Wraps a string that is already known to be valid (from the database, or checked by `isValidIdentifier`).
    init(_ text: String)
}

extension Identifier {
    package var description: String { text }
}

/// Names a prompt.
package struct PromptID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Names a rollout: one response to one prompt.
package struct RolloutID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Names a group: the rollouts of one prompt whose rewards are compared with one another.
package struct GroupID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Names a lease: work handed to one worker until a deadline.
package struct LeaseID: Identifier {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// The number of updates that made a policy; 0 is the model that the cold start left.
package struct PolicyVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int
    package init(_ number: Int) { self.number = number }
    package var description: String { String(number) }
    package static func < (a: PolicyVersion, b: PolicyVersion) -> Bool { a.number < b.number }
    /// The version that one more update makes.
    package var next: PolicyVersion { PolicyVersion(number + 1) }
}

/// Whether a client's string can be an identifier: 1 to `Limits.identifierBytesMax` bytes of ASCII letters, digits and
/// `-_.:/@#`.
package func isValidIdentifier(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...Limits.identifierBytesMax).contains(bytes.count) else { return false }
    return bytes.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_.:/@#".utf8.contains(byte)
        }
    }
}

/// Whether a client's string can name a data set, a generator, a worker or a key: 1 to `Limits.nameLengthMax` Unicode
/// scalars, none of them zero.
package func isValidName(_ text: String) -> Bool {
    let scalars = text.unicodeScalars
    return (1...Limits.nameLengthMax).contains(scalars.count) && !scalars.contains("\0")
}

/// What a name must be, for those whose text is none.
package let nameRule = "1 to \(Limits.nameLengthMax) characters, none of them zero"
