// swift-tools-version: 6.2
// The layer table of docs/ARCHITECTURE.md as code. TidyTests checks what SwiftPM cannot: that no file imports a module
// reached only through a dependency, and that each outside package has one owner.
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let cSettings: [CSetting] = [
    // Kernels pick their instruction set at run time, so -O3 here is safe on any x86-64 or arm64; it also keeps debug
    // builds as fast as release builds where it matters.
    .unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"])
]

let package = Package(
    name: "rolloutd",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "rolloutd", targets: ["rolloutd"])],
    // Off unless asked for (swift build --traits TLS): it adds BoringSSL to the build, and most servers stand behind a proxy that
    // has TLS already.
    traits: [.trait(name: "TLS", description: "Serve HTTPS by certificate files.")],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
    ],
    targets: [
        // Layer 0: values, and the C code that needs no Swift.
        .target(name: "StrictJSON", exclude: ["DESIGN.md"]),
        .target(name: "Domain", dependencies: ["StrictJSON"]),
        .target(
            name: "SchemaMigrations", path: "migrations", exclude: ["README.md", "schema.sql"],
            resources: [
                .embedInCode("m0001_init.sql"), .embedInCode("m0002_update_provenance.sql"),
                .embedInCode("m0003_demonstrations.sql"), .embedInCode("m0004_retention.sql"),
                .embedInCode("m0005_access.sql"), .embedInCode("m0006_visible_leases.sql"),
                .embedInCode("m0007_listing_indexes.sql"), .embedInCode("m0008_events.sql"),
                .embedInCode("m0009_atropos.sql"), .embedInCode("m0010_evaluations.sql"),
                .embedInCode("m0011_kept_tokens.sql"),
                .embedInCode("m0012_packed_tasks.sql"),
                .embedInCode("m0013_evaluation_conduct.sql"),
            ]),
        .target(name: "CKernels", exclude: ["DESIGN.md"], cSettings: cSettings),
        .target(name: "CSandbox", cSettings: cSettings),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CZstd"),
        .systemLibrary(name: "CCurl"),
        .systemLibrary(name: "CMalloc"),
        .executableTarget(name: "rolloutd-jail", dependencies: ["CSandbox"], cSettings: cSettings),

        // gzip and zstd for whoever has bytes: layer 0, as it knows nothing of ours.
        .target(name: "Compressing", dependencies: ["CZlib", "CZstd"], exclude: ["DESIGN.md"]),

        // Layer 1: capabilities. None imports another.
        .target(
            name: "Storage",
            dependencies: [
                "Domain", "StrictJSON", "SchemaMigrations", "Compressing",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], exclude: ["DESIGN.md"]),
        .target(name: "Sandboxing", dependencies: ["CSandbox"], exclude: ["DESIGN.md"]),
        .target(name: "Modeling", dependencies: ["CKernels", "StrictJSON"], exclude: ["DESIGN.md"]),
        .target(name: "Outbound", dependencies: ["CCurl"], exclude: ["DESIGN.md"]),
        .target(name: "BuiltinData", dependencies: ["Domain", "StrictJSON"], exclude: ["DESIGN.md"]),
        .target(name: "Datasets", dependencies: ["Domain", "StrictJSON", "Compressing"], exclude: ["DESIGN.md"]),

        // Layer 2: what is judged, what is learned.
        .target(
            name: "Verification",
            dependencies: ["Domain", "StrictJSON", "Sandboxing", .product(name: "BigInt", package: "BigInt")],
            exclude: ["DESIGN.md"]),
        .target(name: "Learning", dependencies: ["Domain", "Modeling"], exclude: ["DESIGN.md"]),

        // Layer 3: use cases and long-running loops.
        .target(
            name: "Service",
            dependencies: [
                "Domain", "StrictJSON", "Storage", "Sandboxing", "Verification", "Modeling", "Learning", "BuiltinData",
                "CMalloc",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ], exclude: ["DESIGN.md"]),

        // Layer 4: the wire, from both sides.
        .target(
            name: "RemoteScoring", dependencies: ["Domain", "StrictJSON", "Outbound", "Service"],
            exclude: ["DESIGN.md"]),
        .target(
            name: "RemoteSampling", dependencies: ["Domain", "StrictJSON", "Outbound", "Service"],
            exclude: ["DESIGN.md"]),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "Domain", "StrictJSON", "Compressing", "Service",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird", condition: .when(traits: ["TLS"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
            ],
            exclude: ["DESIGN.md"], resources: [.embedInCode("openapi.yaml")]),

        // Layer 5: composition root and commands.
        .executableTarget(
            name: "rolloutd",
            dependencies: [
                "Domain", "StrictJSON", "Storage", "Sandboxing", "Verification", "Modeling", "Learning", "BuiltinData",
                "Service", "HTTPAPI", "Compressing", "Outbound", "RemoteScoring", "RemoteSampling", "Datasets",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        // What Benchmarks/math.sh runs beside Math-Verify.
        .executableTarget(
            name: "verdict-bench", dependencies: ["Verification", "Domain", "StrictJSON"], path: "Benchmarks/verdicts",
            exclude: ["beside_math_verify.py"]),

        // Tests: one target per module, and three that look at the whole.
        .target(name: "TestSupport", dependencies: ["Domain", "StrictJSON"], path: "Tests/TestSupport"),
        .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON", "TestSupport"]),
        .testTarget(name: "CompressingTests", dependencies: ["Compressing"]),
        .testTarget(
            name: "DatasetsTests", dependencies: ["Datasets", "Compressing", "Domain", "StrictJSON", "TestSupport"]),
        .testTarget(name: "OutboundTests", dependencies: ["Outbound", "TestSupport"]),
        .testTarget(name: "DomainTests", dependencies: ["Domain", "StrictJSON", "TestSupport"]),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Storage", "SchemaMigrations", "Domain", "StrictJSON", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(name: "SandboxingTests", dependencies: ["Sandboxing", "TestSupport", "rolloutd-jail"]),
        .testTarget(
            name: "ModelingTests",
            dependencies: ["Modeling", "CKernels", "StrictJSON", "TestSupport", "CAllocations"]),
        .testTarget(name: "BuiltinDataTests", dependencies: ["BuiltinData", "Domain", "StrictJSON", "TestSupport"]),
        // Counts allocations; it replaces malloc of the program it is linked into, so only tests may use it.
        .target(name: "CAllocations", path: "Tests/CAllocations", cSettings: cSettings),
        .testTarget(
            name: "VerificationTests",
            dependencies: [
                "Verification", "Sandboxing", "Domain", "StrictJSON", "TestSupport", "CAllocations", "rolloutd-jail",
            ]),
        .testTarget(
            name: "LearningTests", dependencies: ["Learning", "Modeling", "Domain", "StrictJSON", "TestSupport"]),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Service", "Storage", "Verification", "Modeling", "Learning", "BuiltinData", "Domain", "StrictJSON",
                "TestSupport", "rolloutd-jail",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "Service", "Storage", "Compressing", "Domain", "StrictJSON", "TestSupport", "rolloutd-jail",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "RemoteScoringTests",
            dependencies: [
                "RemoteScoring", "Outbound", "Service", "Verification", "Domain", "StrictJSON", "TestSupport",
            ]),
        .testTarget(
            name: "RemoteSamplingTests",
            dependencies: [
                "RemoteSampling", "Outbound", "Service", "Storage", "Verification", "Domain", "StrictJSON",
                "TestSupport",
            ]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Domain", "StrictJSON", "Modeling", "Storage", "TestSupport", "rolloutd", "rolloutd-jail",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Domain", "StrictJSON", "Compressing", "Modeling", "Verification", "RemoteScoring", "HTTPAPI",
                "Datasets", "TestSupport",
            ]),
        .testTarget(name: "TidyTests", dependencies: []),
    ]
)

for target in package.targets where ![.plugin, .system, .binary].contains(target.type) {
    let isC = ["CKernels", "CSandbox", "CAllocations", "rolloutd-jail"].contains(target.name)
    if !isC { target.swiftSettings = settings }
}
