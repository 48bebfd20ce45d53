// The parts of a request that strangers write before anybody asked who they are: the key and the query.
import Domain
import Foundation
import TestSupport
import Testing

@testable import HTTPAPI

@Suite(.serialized) struct RequestFuzzTests {
    private static let key = "rld_0123456789ab_" + String(repeating: "0123456789abcdef", count: 4)

    @Test func `a key that is taken writes back to the same text, and no other form is one`() {
        let corpus = [
            "Bearer " + Self.key, "bearer  " + Self.key, "Basic " + Data((":" + Self.key).utf8).base64EncodedString(),
            "Basic dXNlcjpwYXNz", "Digest username=\"x\", uri=\"/\"", "Bearer", "",
        ]
        let count = FuzzTime.feed(seed: 31, corpus: corpus.map { Array($0.utf8) }) { bytes in
            let value = String(decoding: bytes, as: UTF8.self)
            let token: String
            switch AuthorizationHeader(value) {
            case .none: return
            case .bearer(let text):
                token = text
                #expect(!text.isEmpty && !text.hasPrefix(" ") && value.hasSuffix(text))
            case .password(let text): token = text
            }
            guard let key = AccessKeyText(token) else { return }
            #expect(key.text == token)
            #expect(key.id.text.utf8.count == 12 && key.secret.utf8.count == 64)
        }
        #expect(count > 100)
    }

    @Test func `a query is read within its bounds or refused by name`() {
        let corpus = [
            "/v1/rollouts?status=scored&limit=20&before=17", "/?a=%zz", "/v1/prompts?dataset=a%20b+c&after=%C3%A9",
            "/x?limit=1&limit=2", "/x?wait_seconds=1e5&wait_seconds", "/x?=&&==&%00=%FF",
        ]
        let known = ["status", "limit", "before", "dataset", "after", "wait_seconds", "a"]
        let count = FuzzTime.feed(seed: 32, corpus: corpus.map { Array($0.utf8) }) { bytes in
            let target = String(decoding: bytes, as: UTF8.self)
            guard let query = try? QueryParameters(target, known: known) else { return }
            if let limit = try? query.limit() { #expect((1...Limits.pageRowsMax).contains(limit)) }
            if let seconds = try? query.waitSeconds() { #expect((0...Limits.waitSecondsMax).contains(seconds)) }
            if let text = try? query.name("dataset") { #expect(isValidName(text)) }
            if let id = try? query.identifier("after", RolloutID.self) { #expect(isValidIdentifier(id.text)) }
        }
        #expect(count > 100)
    }
}
