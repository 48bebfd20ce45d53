// GET /v1/policies and the weights of one: how generators get the newest policy.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service
import StrictJSON

/// Policies and their weights.
func policyEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/v1/policies") { call in try await listPolicies(call, service) },
        Endpoint(.get, "/v1/policies/{version}/weights") { call in try await weights(call, service) },
    ]
}

private func listPolicies(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["before", "limit"])
    let limit = try query.limit()
    let records = try await service.policyRecords(before: try query.version("before"), limit: limit)
    let next: JSONValue =
        records.count == limit ? records.last.map { .integer(Int64($0.version.number)) } ?? .null : .null
    let newest = service.status().policyVersion
    return jsonResponse(
        .members([
            "newest": newest.map { .integer(Int64($0.number)) } ?? .null, "policies": .array(records.map(\.json)),
            "next_before": next,
        ]))
}

/// The weights as `model.safetensors`. A version never changes, so its tag is its number; a generator that polls
/// `latest` with `If-None-Match` gets 304 until there is a newer one.
private func weights(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    _ = try call.query([])
    let version = try wantedVersion(call, service)
    let tag = "\"policy-\(version)\""
    var headers: HTTPFields = [.eTag: tag, .cacheControl: "private, no-cache"]
    if let name = HTTPField.Name("X-Policy-Version") { headers[name] = String(version.number) }
    if let known = call.request.headers[.ifNoneMatch], known.split(separator: ",").contains(where: { $0.contains(tag) })
    {
        return Response(status: .notModified, headers: headers)
    }
    let weights = try await service.weights(of: version)
    headers[.contentType] = "application/octet-stream"
    headers[.contentDisposition] = "attachment; filename=\"model.safetensors\""
    let body = try await DecodingQueue.run { ByteBuffer(bytes: weights.safetensors) }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
}

private func wantedVersion(_ call: Call, _ service: some ServiceFacade) throws(InputError) -> PolicyVersion {
    let text = call.parameters["version"] ?? ""
    if text == "latest" {
        guard let newest = service.status().policyVersion else {
            throw InputError(
                .notFound, "there is no policy yet", field: "version", hint: "GET /readyz says what is missing")
        }
        return newest
    }
    guard let number = Int(text), (0...Int(Int32.max)).contains(number) else {
        throw InputError(.invalidValue, "not a policy version", field: "version", hint: "a number, or \"latest\"")
    }
    return PolicyVersion(number)
}
