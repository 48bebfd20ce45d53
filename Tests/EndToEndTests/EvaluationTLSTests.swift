// `rolloutd evaluate` and a server over https: a certificate of our own authority is trusted by --ca-file alone, for its own host alone.
import Foundation
import Glibc
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct EvaluationTLSTests {
    /// An endpoint over TLS in Python, whose only right host name is `localhost`; ended with this object.
    private final class Stub: Sendable {
        let port: Int
        private let process: Process

        private static let source = """
            import http.server, json, ssl, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    self.rfile.read(int(self.headers["content-length"]))
                    right = self.headers.get("authorization") == "Bearer secret"
                    body = json.dumps({"choices": [{"message": {"content": "\\\\boxed{2}"}, "finish_reason": "stop"}]}
                        if right else {"error": {"message": "no key"}}).encode()
                    self.send_response(200 if right else 401)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *arguments): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """

        init(_ folder: String) throws {
            process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "-c", Self.source, folder + "/cert.pem", folder + "/key.pem"]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            let line = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        }

        deinit { kill(process.processIdentifier, SIGKILL) }
    }

    private func certificate(_ folder: String) async throws {
        let made = try await Binary.run(
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem",
            ], at: URL(fileURLWithPath: "/usr/bin/openssl"))
        try #require(made.status == 0, "\(made.errors)")
    }

    private func evaluate(
        _ database: String, _ url: String, _ more: [String] = [], key: String? = "secret"
    ) async throws -> (status: Int32?, text: String) {
        let command = try RunningBinary(
            [
                "evaluate", "--database", database, "--dataset", "d", "--endpoint", url, "--model", "m", "--max-tokens",
                "8",
            ] + more, environment: key.map { ["ROLLOUTD_ENDPOINT_KEY": $0] } ?? [:])
        // Far below the minutes of tries that a lost connection has: such a fault stops at once.
        #expect(await command.waitForExit(seconds: 25), "\(command.text)")
        return (command.status, command.text)
    }

    @Test(.timeLimit(.minutes(3)))
    func `https asks for a trusted certificate of the right host, and says what is missing`() async throws {
        let folder = try TemporaryFolder()
        try await certificate(folder.path)
        let stub = try Stub(folder.path)
        let database = folder.path + "/ledger.sqlite"
        let prompt = #"{"id":"p","dataset":"d","text":"1 + 1?","task":{"type":"math","answer":"2"}}"#
        #expect(try await Binary.run(["import", "--database", database, "-"], input: prompt).status == 0)
        let url = "https://localhost:\(stub.port)/v1"
        let trusting = ["--ca-file", folder.path + "/cert.pem"]

        let strange = try await evaluate(database, url)
        #expect(strange.status == 1 && strange.text.contains("no secure connection"), "\(strange.text)")
        #expect(strange.text.contains("self-signed") || strange.text.contains("self signed"), "\(strange.text)")
        #expect(strange.text.contains("--ca-file"))
        let other = try await evaluate(database, "https://127.0.0.1:\(stub.port)/v1", trusting)
        #expect(other.status == 1 && other.text.contains("no secure connection"), "\(other.text)")
        #expect(other.text.contains("127.0.0.1"), "the host that was not meant is named")
        let missing = try await evaluate(database, url, ["--ca-file", folder.path + "/none.pem"])
        #expect(missing.status != 0 && missing.text.contains("none.pem"), "\(missing.text)")
        let keyless = try await evaluate(database, url, trusting, key: "wrong")
        #expect(keyless.status == 1 && keyless.text.contains("401: no key"), "\(keyless.text)")
        let right = try await evaluate(database, url, trusting)
        #expect(right.status == 0 && right.text.contains("100.0 %"), "\(right.text)")
        #expect(!right.text.contains("secret") && !right.text.contains("unencrypted"))

        // A server has the same by its own flag.
        let settings = #"{"dataset":"d","endpoint":"\#(url)","model":"m","max_tokens":8,"label":"LABEL"}"#
        for (flags, state, word) in [
            ([], "failed", "no secure connection"),
            (["--evaluation-ca-file", folder.path + "/cert.pem"], "complete", nil as String?),
        ] as [([String], String, String?)] {
            let server = try await ServerProcess.start(
                ["--database", database, "--learner", "off", "--evaluation-endpoints", url] + flags,
                environment: ["ROLLOUTD_ENDPOINT_KEY": "secret"])
            let begun = await server.client.send(
                "POST", "/v1/evaluations", json: settings.replacingOccurrences(of: "LABEL", with: state))
            let id = try #require(begun?.json["id"]?.string)
            var status = begun?.json ?? .null
            for _ in 0..<400 where status["status"]?.string != state {
                try await Task.sleep(for: .milliseconds(50))
                status = await server.get("/v1/evaluations/\(id)")
            }
            #expect(status["status"]?.string == state, "\(status)")
            if let word { #expect(status["detail"]?.string?.contains(word) == true, "\(status)") }
            server.signal(SIGTERM)
            #expect(await server.waitForExit(seconds: 40))
        }
    }

    @Test func `a key that would travel in the clear is warned of`() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/ledger.sqlite"
        let prompt = #"{"id":"p","dataset":"d","text":"1 + 1?","task":{"type":"math","answer":"2"}}"#
        #expect(try await Binary.run(["import", "--database", database, "-"], input: prompt).status == 0)
        // Nothing is asked: the warning comes before.
        let far = try await evaluate(database, "http://models.invalid:8000/v1", ["--report-only"])
        #expect(far.text.contains("unencrypted") && far.text.contains("models.invalid:8000"), "\(far.text)")
        for (url, key) in [
            ("http://127.0.0.1:9/v1", "secret"), ("http://localhost:9/v1", "secret"), ("http://[::1]:9/v1", "secret"),
            ("https://models.invalid/v1", "secret"), ("http://models.invalid/v1", nil as String?),
        ] {
            let quiet = try await evaluate(database, url, ["--report-only"], key: key)
            #expect(!quiet.text.contains("unencrypted"), "\(url): \(quiet.text)")
        }
    }
}
