// A command of the binary that goes on until it is told to stop; its output is read as it comes.
import Foundation
import Glibc
import Synchronization

/// A running command; killed when the test lets go of it.
final class RunningBinary: Sendable {
    private let processID: Int32
    private let state = Mutex<(text: String, status: Int32?)>(("", nil))

    /// Starts the command.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = Binary.url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        processID = process.processIdentifier
        Thread.detachNewThread { [weak self] in
            while case let chunk = pipe.fileHandleForReading.availableData, !chunk.isEmpty {
                self?.state.withLock { $0.text += String(decoding: chunk, as: UTF8.self) }
            }
            process.waitUntilExit()
            self?.state.withLock { $0.status = process.terminationStatus }
        }
    }

    deinit { if status == nil { kill(processID, SIGKILL) } }

    /// What it has printed so far, errors included.
    var text: String { state.withLock { $0.text } }

    /// Its exit status once it has ended.
    var status: Int32? { state.withLock { $0.status } }

    /// Sends a signal to this process and nothing else.
    func signal(_ number: Int32) { if status == nil { kill(processID, number) } }

    /// Waits until its output fulfils the condition; false after so many seconds.
    func waits(seconds: Double = 20, until condition: (String) -> Bool) async -> Bool {
        for _ in 0..<Int(seconds * 50) {
            if condition(text) { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Waits until the process is gone; false when it is still there after so many seconds.
    func waitForExit(seconds: Double) async -> Bool {
        for _ in 0..<Int(seconds * 20) {
            if status != nil { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
