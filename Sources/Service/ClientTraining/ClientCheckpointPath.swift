// Where a client's checkpoint lies, as it names it: tinker://MODEL/weights/NAME.
import Domain

/// A checkpoint of a model that a client trained.
package struct ClientCheckpointPath: Sendable, Hashable, CustomStringConvertible {
    /// What a checkpoint is for.
    package enum Kind: String, Sendable, CaseIterable {
        /// Weights and moments: training goes on from it.
        case training = "weights"
        /// Weights alone.
        case sampling = "sampler_weights"
    }

    package let model: ClientModelID
    package let kind: Kind
    package let name: String

    private static let scheme = "tinker://"

    /// Throws `InputError` for a name that is none.
    package init(_ model: ClientModelID, _ kind: Kind, name: String) throws(InputError) {
        let bytes = name.utf8
        guard (1...Limits.clientCheckpointNameBytesMax).contains(bytes.count), bytes.first != UInt8(ascii: "."),
            bytes.allSatisfy({ isLetterOrDigit($0) || "-_.".utf8.contains($0) })
        else {
            throw InputError(
                .invalidValue, "\"\(name.prefix(40))\" is no name of a checkpoint", field: "path",
                hint: "1 to \(Limits.clientCheckpointNameBytesMax) ASCII letters, digits and -_., the first no dot")
        }
        self.model = model
        self.kind = kind
        self.name = name
    }

    /// Reads `tinker://MODEL/weights/NAME`.
    package init(_ text: String) throws(InputError) {
        let parts =
            text.hasPrefix(Self.scheme)
            ? text.dropFirst(Self.scheme.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            : []
        guard parts.count == 3, let kind = Kind(rawValue: parts[1]), isModelName(parts[0]) else {
            throw InputError(
                .invalidValue, "\"\(text.prefix(80))\" is no path of a checkpoint", field: "path",
                hint: "as tinker://MODEL/weights/NAME or tinker://MODEL/sampler_weights/NAME")
        }
        try self.init(ClientModelID(parts[0]), kind, name: parts[2])
    }

    /// `weights/NAME`, as listings call it.
    package var id: String { kind.rawValue + "/" + name }

    package var description: String { Self.scheme + model.text + "/" + id }
}

/// Whether a text can be a model's: an identifier that is one name of a directory.
func isModelName(_ text: String) -> Bool {
    isValidIdentifier(text) && !text.hasPrefix(".") && !text.utf8.contains(UInt8(ascii: "/"))
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}
