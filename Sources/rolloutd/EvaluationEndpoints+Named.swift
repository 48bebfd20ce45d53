// How a server asks the models elsewhere that its operator named.
import Domain
import Foundation
import Outbound
import RemoteSampling
import Service

extension EvaluationEndpoints {
    /// The endpoints of a list by commas, asked with the key in ROLLOUTD_ENDPOINT_KEY; nil when none is named.
    static func named(_ list: String?) -> EvaluationEndpoints? {
        let urls = (list ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        guard !urls.isEmpty else { return nil }
        let key = ProcessInfo.processInfo.environment["ROLLOUTD_ENDPOINT_KEY"]
        return EvaluationEndpoints(allowed: urls) { url, model, concurrency in
            ChatEndpoint(
                client: try OutboundClient(exchangesMax: concurrency), url: url, model: model, key: key,
                jitter: { Double.random(in: 0...1) })
        }
    }
}
