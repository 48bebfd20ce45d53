// The layer table: imports only go down, and each outside package has one owner. SwiftPM alone does not see an import of
// a module that is reached through a dependency.
import Testing

@Suite struct LayerTests {
    /// What each module may import of ours.
    static let ours: [String: Set<String>] = [
        "StrictJSON": [],
        "Domain": ["StrictJSON"],
        "SchemaMigrations": [],
        "Compressing": ["CZlib", "CZstd"],
        "Storage": ["Domain", "StrictJSON", "SchemaMigrations", "Compressing"],
        "Sandboxing": ["CSandbox"],
        "Outbound": ["CCurl"],
        "Modeling": ["CKernels", "StrictJSON"],
        "BuiltinData": ["Domain", "StrictJSON"],
        "Datasets": ["Domain", "StrictJSON", "Compressing"],
        "Verification": ["Domain", "StrictJSON", "Sandboxing"],
        "Learning": ["Domain", "Modeling"],
        "Service": [
            "Domain", "StrictJSON", "Storage", "Sandboxing", "Verification", "Modeling", "Learning", "BuiltinData",
            "CMalloc",
        ],
        "HTTPAPI": ["Domain", "StrictJSON", "Service", "Compressing"],
        "RemoteScoring": ["Domain", "StrictJSON", "Outbound", "Service"],
        "RemoteSampling": ["Domain", "StrictJSON", "Outbound", "Service"],
        "rolloutd": [
            "Domain", "StrictJSON", "Storage", "Sandboxing", "Verification", "Modeling", "Learning", "BuiltinData",
            "Service", "HTTPAPI", "Compressing", "Outbound", "RemoteScoring", "RemoteSampling", "Datasets",
        ],
    ]

    /// Outside packages and their owners.
    static let owners: [String: Set<String>] = [
        "GRDB": ["Storage"], "Hummingbird": ["HTTPAPI"], "HummingbirdCore": ["HTTPAPI"], "HTTPTypes": ["HTTPAPI"],
        "HummingbirdTLS": ["HTTPAPI"], "NIOSSL": ["HTTPAPI"], "NIOCore": ["HTTPAPI"], "NIOPosix": ["HTTPAPI"],
        "NIOHTTP1": ["HTTPAPI"], "NIOHTTPTypes": ["HTTPAPI"],
        "ArgumentParser": ["rolloutd"], "UnixSignals": ["Service", "rolloutd"],
        "BigInt": ["Verification"], "ServiceLifecycle": ["Service", "HTTPAPI", "rolloutd"],
        "Logging": ["Service", "HTTPAPI", "rolloutd"],
    ]

    /// What the toolchain brings.
    static let system: Set<String> = [
        "Foundation", "Glibc", "Darwin", "Synchronization", "Dispatch", "FoundationEssentials",
    ]

    @Test func `imports only go down and each package has one owner`() {
        for file in SourceTree.sources {
            let module = file.path.hasPrefix("migrations/") ? "SchemaMigrations" : file.module ?? ""
            guard let allowed = Self.ours[module] else {
                Issue.record("\(file.path): module \(module) is not in the layer table")
                continue
            }
            for name in importedModules(file) where !Self.system.contains(name) {
                let isOurs = Self.ours[name] != nil || name.hasPrefix("C") && allowed.contains(name)
                if isOurs {
                    #expect(allowed.contains(name), "\(file.path): \(module) may not import \(name)")
                } else {
                    #expect(
                        Self.owners[name]?.contains(module) == true,
                        "\(file.path): \(name) does not belong to \(module)")
                }
            }
        }
    }

    @Test func `the table names every module that exists`() {
        let found = Set(SourceTree.sources.compactMap(\.module))
        #expect(found == Set(Self.ours.keys).subtracting(["SchemaMigrations"]))
    }

    private func importedModules(_ file: SourceFile) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            // An import stands at the margin; what is indented is another language's inside a string.
            guard !line.hasPrefix(" "), let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count,
                index == 0 || ["package", "public", "internal", "private", "@preconcurrency"].contains(words[0])
            else { return nil }
            let name = words[index + 1]
            return String(
                ["struct", "class", "enum", "func"].contains(name) ? words[index + 2].prefix { $0 != "." } : name)
        }
    }
}
