// Samples from any server that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp, another rolloutd. What it answers is
// strangers' bytes: bounded, read for the few fields that matter, and never taken for a wrong answer when it is an error.
import Domain
import Outbound
import Service
import StrictJSON
import Synchronization

/// One model behind one server.
package struct ChatEndpoint: SampleSource {
    private let client: OutboundClient
    private let url: String
    private let model: String
    private let headers: [(name: String, value: String)]
    /// 0 to 1, for waiting times.
    private let jitter: @Sendable () -> Double
    /// Told before a request is sent again.
    private let waiting: @Sendable (String, Double) -> Void

    /// - Parameters:
    ///   - client: For as many exchanges at once as will be asked for.
    ///   - url: What `/chat/completions` follows, as `http://host:8000/v1`, with or without a slash at the end.
    ///   - key: An API key; nil for a server without keys.
    package init(
        client: OutboundClient, url: String, model: String, key: String?, jitter: @escaping @Sendable () -> Double,
        waiting: @escaping @Sendable (String, Double) -> Void = { _, _ in }
    ) {
        self.client = client
        self.url = String(url.reversed().drop { $0 == "/" }.reversed()) + "/chat/completions"
        self.model = model
        headers =
            [("content-type", "application/json"), ("accept", "application/json")]
            + (key.map { [("authorization", "Bearer \($0)")] } ?? [])
        self.jitter = jitter
        self.waiting = waiting
    }

    /// What to say before a key is sent to this URL; nil where it is encrypted on its way, or does not leave the machine.
    package static func keyWarning(_ url: String) -> String? {
        guard url.lowercased().hasPrefix("http://") else { return nil }
        let authority = url.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        let isLocal = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        return isLocal
            ? nil
            : "the key goes to \(authority) unencrypted, where others on the way can read it; https keeps it secret"
    }

    /// An answer. 408, 425, 429, 5xx and faults of the connection are tried again, up to `Limits.evaluationTriesMax` times, after
    /// what `Retry-After` says or a pause that doubles.
    package func sample(_ request: SampleRequest) async throws -> SampledAnswer {
        let body = ChatSampleRequest(request, model: model).json.serialized()
        var backoff = Backoff()
        var tries = 0
        while true {
            try Task.checkCancellation()
            tries += 1
            let start = ContinuousClock.now
            let (fault, retryAfter) = try await attempt(body)
            switch fault {
            case .success(var answer):
                answer.seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1_000
                return answer
            case .failure(.stopped(let reason)) where tries < Limits.evaluationTriesMax && retryAfter != .never:
                let seconds = backoff.next(retryAfter: retryAfter.seconds, jitter: jitter())
                waiting(reason, seconds)
                try await Task.sleep(for: .seconds(seconds))
            case .failure(let fault): throw fault
            }
        }
    }

    /// Whether another try may pass.
    private enum Retry: Equatable {
        case never
        case later(Double?)
        var seconds: Double? {
            guard case .later(let seconds) = self else { return nil }
            return seconds
        }
    }

    private func attempt(_ body: [UInt8]) async throws -> (Result<SampledAnswer, SampleFault>, Retry) {
        let answer: OutboundAnswer
        do {
            answer = try await client.send(
                OutboundRequest(
                    .post, url, headers: headers, body: body, totalSeconds: Limits.evaluationAnswerSecondsMax,
                    answerBytesMax: Limits.evaluationAnswerBytesMax))
        } catch let error as OutboundError {
            if case .tooLarge = error { return (.failure(.refused("\(error)")), .never) }
            if case .tls = error {
                let hint = "; --ca-file of evaluate, --evaluation-ca-file of serve name authorities to trust"
                return (.failure(.stopped("\(error)\(hint)")), .never)
            }
            return (.failure(.stopped("\(error)")), error.isTemporary ? .later(nil) : .never)
        }
        switch answer.status {
        case 200:
            do throws(InputError) {
                return (.success(try SampledAnswer(chat: answer.body)), .never)
            } catch {
                // A proxy's page, or half an answer: another try may bring a whole one.
                return (.failure(.stopped("the answer cannot be read: \(error)")), .later(nil))
            }
        case 408, 425, 429, 500...599:
            let seconds = answer.headers["retry-after"].flatMap { Double($0) }
            return (
                .failure(.stopped(said(answer))), .later(seconds.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil })
            )
        case 401, 403, 404, 405, 300...399: return (.failure(.stopped(said(answer))), .never)
        default: return (.failure(.refused(said(answer))), .never)
        }
    }

    /// A status that was not asked for, in the server's words.
    private func said(_ answer: OutboundAnswer) -> String {
        let json = try? JSONValue.parse(answer.body)
        let message = json?["error"]?["message"]?.string ?? json?["message"]?.string ?? json?["detail"]?.string
        let text = message ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
        return "\(answer.status): "
            + String(
                String.UnicodeScalarView(
                    text.unicodeScalars.prefix(300).map { $0.value < 0x20 || 0x7F...0x9F ~= $0.value ? " " : $0 }))
    }
}
