// The built binary as a child process: started on a free port, spoken to over a socket, killed by its id.
import Foundation
import Glibc
import StrictJSON
import Synchronization
import TestSupport

/// A running `rolloutd serve`.
final class ServerProcess: Sendable {
    let port: Int
    let client: HTTPClient
    private let processID: Int32
    private let output: Mutex<String>

    /// What it has printed so far.
    var text: String { output.withLock { $0 } }

    /// Starts the server and returns when it says where it serves; throws with its output when it does not.
    static func start(_ arguments: [String], environment: [String: String] = [:]) async throws -> ServerProcess {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try startBlocking(arguments, environment: environment) })
            }
        }
    }

    private static func startBlocking(_ arguments: [String], environment: [String: String]) throws -> ServerProcess {
        let process = Process()
        process.executableURL = Binary.url
        process.arguments = ["serve", "--port", "0"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var text = ""
        while case let chunk = pipe.fileHandleForReading.availableData, !chunk.isEmpty {
            text += String(decoding: chunk, as: UTF8.self)
            if let port = boundPort(text) {
                return ServerProcess(port: port, processID: process.processIdentifier, text: text, pipe: pipe)
            }
        }
        process.waitUntilExit()
        throw StartFailure(output: text, status: process.terminationStatus)
    }

    struct StartFailure: Error {
        let output: String
        let status: Int32
    }

    private init(port: Int, processID: Int32, text: String, pipe: Pipe) {
        self.port = port
        self.processID = processID
        client = HTTPClient(port: port)
        output = Mutex(text)
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [weak self] in
            while case let chunk = handle.availableData, !chunk.isEmpty {
                self?.output.withLock { $0 += String(decoding: chunk, as: UTF8.self) }
            }
        }
    }

    private static func boundPort(_ text: String) -> Int? {
        guard let range = text.range(of: "serving on http://[0-9.]+:", options: .regularExpression) else { return nil }
        let digits = text[range.upperBound...].prefix { $0.isNumber }
        guard text[range.upperBound...].dropFirst(digits.count).first == "/" else { return nil }
        return Int(digits)
    }

    /// Sends a signal to this server and nothing else.
    func signal(_ number: Int32) { kill(processID, number) }

    /// Waits until the process is gone; false when it is still there after so many seconds.
    func waitForExit(seconds: Double) async -> Bool {
        for _ in 0..<Int(seconds * 20) {
            if kill(processID, 0) != 0 { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// A JSON answer's body, or null.
    func get(_ path: String) async -> JSONValue { await client.send("GET", path)?.json ?? .null }

    /// Posts JSON; nil when the connection ended without an answer.
    func post(_ path: String, _ body: JSONValue) async -> HTTPAnswer? {
        await client.send("POST", path, body: body.serialized())
    }
}

/// The binaries that the tests' package built.
enum Binary {
    /// Starts the command and kills it.
    static func killAfter(_ seconds: Double, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try await Task.sleep(for: .seconds(seconds))
        kill(process.processIdentifier, SIGKILL)
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                process.waitUntilExit()
                continuation.resume()
            }
        }
    }

    static let url = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("rolloutd")

    /// Runs a command, or another program, to its end.
    static func run(_ arguments: [String], input: String = "", at url: URL = Binary.url) async throws -> (
        status: Int32, output: String, errors: String
    ) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try runBlocking(arguments, input: input, at: url) })
            }
        }
    }

    private static func runBlocking(
        _ arguments: [String], input: String, at url: URL
    ) throws -> (Int32, String, String) {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        let (standardInput, standardOutput, standardError) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = standardError
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        // Both are read at once: a command that has filled one pipe waits until somebody reads it.
        let errorsRead = DispatchSemaphore(value: 0)
        let errorText = Mutex(Data())
        Thread.detachNewThread {
            let data = standardError.fileHandleForReading.readDataToEndOfFile()
            errorText.withLock { $0 = data }
            errorsRead.signal()
        }
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        errorsRead.wait()
        let errors = errorText.withLock { $0 }
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self)
        )
    }
}
