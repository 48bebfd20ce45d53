// From a request to its response: id, origin, route, key and role, quota, handler, audit, error mapping, headers, log line. In
// this order.
import Domain
import HTTPTypes
import Hummingbird
import Logging
import Service
import StrictJSON

/// Answers every request; never throws.
struct APIResponder: HTTPResponder {
    typealias Context = ConnectionContext

    private let routes: RouteTable
    private let configuration: HTTPConfiguration
    private let authenticator: Authenticator
    private let access: AccessControl
    private let audit: AuditTrail
    private let origins: OriginGuard
    private let counters: RequestCounters
    private let budget: BodyBudget

    /// Serves these operations within these bounds.
    init(
        endpoints: [Endpoint], configuration: HTTPConfiguration, access: AccessControl, audit: AuditTrail,
        counters: RequestCounters
    ) {
        routes = RouteTable(endpoints)
        self.configuration = configuration
        authenticator = Authenticator(configuration, access)
        self.access = access
        self.audit = audit
        origins = OriginGuard(configuration)
        self.counters = counters
        budget = BodyBudget(configuration.bodyBytesInFlightMax)
    }

    /// The answer to one request, whatever happens.
    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let log = RequestLog(request, fresh: RequestID().description, logger: context.logger)
        var response: Response
        var route = RequestCounters.unmatched
        var code: String?
        var isPage = false
        do {
            response = try await LogContext.$requestID.withValue(log.id) {
                try await answer(request, log, context, &route, &code, &isPage)
            }
        } catch {
            let answer = errorAnswer(for: error, logger: log.logger)
            code = answer.error["code"]?.string
            response = page(of: answer, to: request, log, isPage: isPage) ?? answer.response
        }
        response.headers[.requestID] = log.id
        addSecurityHeaders(to: &response, isEncrypted: configuration.tls != nil)
        if request.method == .head {
            // The length that GET would have, no body (RFC 9110, section 9.3.2).
            response = response.createHeadResponse()
        }
        counters.count(request, route: route, status: response.status, code: code, seconds: log.seconds)
        log.finish(request, response)
        return response
    }

    private func answer(
        _ request: Request, _ log: RequestLog, _ context: ConnectionContext, _ route: inout String,
        _ code: inout String?, _ isPage: inout Bool
    ) async throws -> Response {
        isPage = ErrorPage.mayBeOne(request.head.path ?? "/")
        let match = Result { routes.match(request.method, segments: try pathSegments(request)) }
        if case .success(.found(let endpoint, _)) = match { isPage = endpoint.isPage }
        if authenticator.isOpen { try origins.admit(request) }
        switch try match.get() {
        case .found(let endpoint, let parameters):
            route = endpoint.path
            if endpoint.isForm { try origins.admitForm(request) }
            let caller = try authenticator.caller(request, of: endpoint, from: clientAddress(request, context))
            var call = Call(
                request: request, id: log.id, parameters: parameters, configuration: configuration, budget: budget,
                caller: caller, access: access, logger: log.logger, isClientThere: context.isClientThere)
            call.audited = AuditNote(endpoint)
            var response: Response
            do {
                try access.admitRequest(caller)
                response = try await endpoint.handle(call)
                await audit.record(endpoint, call, response)
            } catch {
                let refusal = errorAnswer(for: error, logger: log.logger)
                code = refusal.error["code"]?.string
                response = page(of: refusal, to: request, log, isPage: isPage) ?? endpoint.refusal(refusal)
            }
            addRateLimits(access.rates(of: caller), to: &response)
            return response
        case .wrongMethod(let allowed):
            let methods = allowed.map(\.rawValue).joined(separator: ", ")
            throw HTTPFault(
                status: .methodNotAllowed, code: "method_not_allowed",
                message: "\(request.method.rawValue) is not possible here", hint: "use \(methods)",
                headers: [.allow: methods])
        case .unknownPath:
            throw HTTPFault(
                status: .notFound, code: "not_found", message: "there is no such path",
                hint: "GET /openapi.yaml lists all paths")
        }
    }

    /// The error as a page, when a browser asked for one; nil for everybody else.
    private func page(of answer: ErrorAnswer, to request: Request, _ log: RequestLog, isPage: Bool) -> Response? {
        guard isPage, ErrorPage.isWanted(by: request) else { return nil }
        let path = (request.head.path ?? "/").prefix { $0 != "?" && $0 != "#" }
        return ErrorPage(answer: answer, path: String(path), requestID: log.id).response
    }

    private func clientAddress(_ request: Request, _ context: ConnectionContext) -> String {
        guard configuration.isBehindProxy, let name = HTTPField.Name("X-Forwarded-For"),
            let last = request.headers[values: name].last?.split(separator: ",").last
        else { return context.address }
        return String(last.drop { $0 == " " }.prefix(64))
    }

    private func pathSegments(_ request: Request) throws -> [String] {
        let target = request.head.path ?? "/"
        let path = target.prefix { $0 != "?" && $0 != "#" }
        guard path.hasPrefix("/") else { throw invalidPath }
        guard path != "/" else { return [] }
        return try path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { segment in
            guard let decoded = percentDecoded(segment) else { throw invalidPath }
            return decoded
        }
    }

    private var invalidPath: HTTPFault {
        HTTPFault(status: .badRequest, code: "invalid_path", message: "the path is not percent-encoded UTF-8")
    }
}
