// One operation of the API: method, path pattern, who may call it, what the audit log keeps of it, and what answers.
import Domain
import HTTPTypes
import Hummingbird

/// One method on one path.
struct Endpoint: Sendable {
    /// Who may call an operation.
    enum Access: Sendable {
        /// Needs an API key, of any role, when the server has any.
        case keyed
        /// Needs a key with one of these roles, or the role admin, when the server has any.
        case roles(Set<KeyRole>)
        /// Open to all: probes and the API's own description.
        case open
    }

    /// What the audit log keeps of an operation that succeeded.
    enum Audit: Sendable {
        /// Nothing: it changes nothing that an admin would ask about, or its use case writes its own line.
        case nothing
        /// A line with these members of the body, when they are plain values; other members only by name.
        case members([String])
    }

    /// HEAD is not listed: GET answers it.
    var method: HTTPRequest.Method
    /// The path as openapi.yaml writes it, as `/v1/prompts/{id}`.
    var path: String
    /// Who may call it.
    var access: Access
    /// What the audit log keeps of it.
    var audit: Audit
    /// The form of its refusals; for other systems' protocols, whose clients know another than ours.
    var refusal: @Sendable (ErrorAnswer) -> Response
    /// Whether a page's form sends it: a browser's remembered key opens it as well, for our own pages only.
    var isForm: Bool
    /// Whether people look at it: a browser gets its errors as pages.
    var isPage = false
    /// Answers one request, or throws.
    var handle: @Sendable (Call) async throws -> Response

    /// An operation.
    ///
    /// Unless said otherwise what lies under /admin is for admins, and is audited when it is no GET; elsewhere GET is for
    /// any key, and the rest for admins, so that an operation whose roles were forgotten is closed, not open.
    init(
        _ method: HTTPRequest.Method, _ path: String, access: Access? = nil, audit: Audit? = nil, isForm: Bool = false,
        refusal: @escaping @Sendable (ErrorAnswer) -> Response = { $0.response },
        _ handle: @escaping @Sendable (Call) async throws -> Response
    ) {
        self.method = method
        self.path = path
        let isAdmins = path.hasPrefix("/admin/")
        self.access = access ?? (method == .get && !isAdmins ? .keyed : .roles([.admin]))
        self.audit = audit ?? (method != .get && isAdmins ? .members([]) : .nothing)
        self.isForm = isForm
        self.refusal = refusal
        self.handle = handle
    }
}

extension Endpoint {
    /// The same operation as one that people look at.
    var asPage: Endpoint {
        var page = self
        page.isPage = true
        return page
    }
}

/// All operations on one path, and how a path is matched.
struct RouteTable: Sendable {
    /// What a table has for a request.
    enum Match: Sendable {
        case found(Endpoint, parameters: [String: String])
        /// The path is there, the method is not; these are.
        case wrongMethod(allowed: [HTTPRequest.Method])
        case unknownPath
    }

    private struct Path: Sendable {
        /// A literal segment, or a parameter's name.
        enum Segment: Sendable {
            case literal(String)
            case parameter(String)
        }

        var segments: [Segment]
        var endpoints: [Endpoint]
    }

    private let paths: [Path]

    /// Literal segments are preferred over parameters, so the order of the endpoints does not matter.
    init(_ endpoints: [Endpoint]) {
        let grouped = Dictionary(grouping: endpoints, by: \.path)
        paths = grouped.keys.sorted { (a, b) in (RouteTable.parameterCount(a), a) < (RouteTable.parameterCount(b), b) }
            .map { path in
                let segments = path.split(separator: "/").map { segment -> Path.Segment in
                    segment.hasPrefix("{")
                        ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
                }
                return Path(segments: segments, endpoints: grouped[path] ?? [])
            }
    }

    /// The operation for a method and the decoded segments of a path; HEAD is answered by GET.
    func match(_ method: HTTPRequest.Method, segments: [String]) -> Match {
        for path in paths {
            guard let parameters = RouteTable.parameters(of: path, in: segments) else { continue }
            let wanted = method == .head ? .get : method
            if let endpoint = path.endpoints.first(where: { $0.method == wanted }) {
                return .found(endpoint, parameters: parameters)
            }
            let methods = path.endpoints.map(\.method)
            return .wrongMethod(allowed: methods.contains(.get) ? methods + [.head] : methods)
        }
        return .unknownPath
    }

    private static func parameters(of path: Path, in segments: [String]) -> [String: String]? {
        guard path.segments.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (pattern, segment) in zip(path.segments, segments) {
            switch pattern {
            case .literal(let text): guard text == segment else { return nil }
            case .parameter(let name): parameters[name] = segment
            }
        }
        return parameters
    }

    private static func parameterCount(_ path: String) -> Int { path.utf8.count { $0 == UInt8(ascii: "{") } }
}
