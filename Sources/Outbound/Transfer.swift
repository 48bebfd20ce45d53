// One exchange as libcurl carries it out: options in, bytes out. Driven by the client's loop.
import CCurl
import Foundation
import Synchronization

/// One exchange under way.
///
/// Unchecked Sendable because libcurl's handles are plain pointers: after `init` only the client's loop touches them, and
/// what other threads do (`cancel`, `isCancelled`) goes through an atomic.
final class Transfer: @unchecked Sendable {
    /// All headers of an answer; larger ones come from no server we know.
    private static let headerBytesMax = 65_536

    let handle: UnsafeMutableRawPointer
    var continuation: CheckedContinuation<OutboundAnswer, any Error>?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let body: UnsafeMutableBufferPointer<CChar>
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private let answerBytesMax: Int
    private var received: [UInt8] = []
    private var headers: [String: String] = [:]
    private var headerBytes = 0
    private var isTooLarge = false
    private let cancelled = Atomic<Bool>(false)

    /// Prepares the exchange; throws `OutboundError.badRequest` for what must not be sent.
    init(_ request: OutboundRequest, certificates: String?) throws {
        try Transfer.check(request)
        guard let handle = curl_easy_init() else { throw OutboundError.other("libcurl gives no handle") }
        self.handle = handle
        answerBytesMax = request.answerBytesMax
        body = .allocate(capacity: request.body?.count ?? 0)
        _ = body.initialize(from: (request.body ?? []).map { CChar(bitPattern: $0) })
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setOptions(request, certificates: certificates)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        body.deallocate()
        errorText.deallocate()
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Answers the caller, once.
    func finish(_ result: Result<OutboundAnswer, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }

    /// What came of it, by libcurl's result.
    func outcome(_ code: CURLcode) -> Result<OutboundAnswer, any Error> {
        if isTooLarge { return .failure(OutboundError.tooLarge(limit: answerBytesMax)) }
        guard code == CURLE_OK else {
            return .failure(OutboundError(code, detail: String(cString: errorText)))
        }
        return .success(OutboundAnswer(status: Int(ccurl_status(handle)), headers: headers, body: received))
    }

    /// Header injection, and URLs that libcurl would take for something else, are refused before anything is tried.
    private static func check(_ request: OutboundRequest) throws {
        let url = request.url.lowercased()
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw OutboundError.badRequest("\(request.url) is no http or https URL")
        }
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw OutboundError.badRequest("a URL holds no blanks and no control characters")
        }
        for header in request.headers {
            let isName = !header.name.isEmpty && header.name.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x3A }
            let isValue = !header.value.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
            guard isName, isValue else {
                throw OutboundError.badRequest("the header \(header.name.prefix(40)) holds what no header may")
            }
        }
    }

    private func setOptions(_ request: OutboundRequest, certificates: String?) {
        ccurl_set_text(handle, CURLOPT_URL, request.url)
        ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0)
        ccurl_set_number(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        // No proxy from the environment: where bytes go is said by the caller alone.
        ccurl_set_text(handle, CURLOPT_PROXY, "")
        ccurl_set_number(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_number(handle, CURLOPT_TCP_KEEPALIVE, 1)
        ccurl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectSeconds))
        ccurl_set_number(handle, CURLOPT_TIMEOUT_MS, milliseconds(request.totalSeconds))
        if let certificates { ccurl_set_text(handle, CURLOPT_CAINFO, certificates) }
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        // A large body is sent at once; waiting for "100 Continue" costs a second with servers that never say it.
        var lines = ["Expect:"]
        lines += request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, headerList)
        if request.body != nil || request.method == .post {
            ccurl_set_number(handle, CURLOPT_POST, 1)
            ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress)
        }
        ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        ccurl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(body: bytes, size * count)
        }
        ccurl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(header: bytes, size * count)
        }
    }

    private func milliseconds(_ seconds: Double) -> Int { Int(min(max(seconds, 0.001), 86_400) * 1_000) }

    /// Takes a piece of the body; anything but its length ends the exchange.
    private func take(body bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        guard received.count + count <= answerBytesMax else {
            isTooLarge = true
            return 0
        }
        received.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return count
    }

    private func take(header bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        headerBytes += count
        guard headerBytes <= Transfer.headerBytesMax else {
            isTooLarge = true
            return 0
        }
        let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new head: what came before was only "100 Continue" or its like.
            headers = [:]
        } else if let colon = line.firstIndex(of: ":") {
            headers[line[..<colon].lowercased()] =
                String(line[line.index(after: colon)...]).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return count
    }
}
