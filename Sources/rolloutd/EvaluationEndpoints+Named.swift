// How a server asks the models elsewhere that its operator named.
import ArgumentParser
import Domain
import Foundation
import Outbound
import RemoteSampling
import Service

extension EvaluationEndpoints {
    /// The endpoints of a list by commas, asked with the key in ROLLOUTD_ENDPOINT_KEY; nil when none is named.
    ///
    /// - Parameters:
    ///   - certificates: A PEM file of the authorities to trust for https; nil trusts the system's.
    ///   - warn: Told of what an operator should know, as a key that travels in the clear.
    static func named(
        _ list: String?, certificates: String?, warn: (String) -> Void
    ) throws -> EvaluationEndpoints? {
        let urls = (list ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        guard !urls.isEmpty else { return nil }
        if let certificates, !FileManager.default.isReadableFile(atPath: certificates) {
            throw ValidationError("the file \(certificates) of --evaluation-ca-file cannot be read")
        }
        let key = ProcessInfo.processInfo.environment["ROLLOUTD_ENDPOINT_KEY"]
        if key != nil { for url in urls { ChatEndpoint.keyWarning(url).map(warn) } }
        return EvaluationEndpoints(allowed: urls) { asked in
            ChatEndpoint(
                client: try OutboundClient(exchangesMax: asked.concurrency, certificates: certificates), url: asked.url,
                model: asked.model, key: key, jitter: { Double.random(in: 0...1) }, waiting: asked.waiting)
        }
    }
}
