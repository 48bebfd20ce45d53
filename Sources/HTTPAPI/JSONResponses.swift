// Values to responses: single answers, and batches that report per item.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import StrictJSON

/// A JSON answer.
func jsonResponse(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
    var headers = headers
    headers[.contentType] = "application/json"
    return Response(
        status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.serialized())))
}

/// The answer to a batch: one entry for each item, in order, an `error` where an item was refused.
///
/// The status is `success` when any item was accepted; when none was, it is that of the first fault, which is then
/// also the answer's `error`.
func batchResponse(
    _ name: String, _ items: [Result<JSONValue, InputError>], success: HTTPResponse.Status
) -> Response {
    let entries = items.map { item -> JSONValue in
        switch item {
        case .success(let value): value
        case .failure(let fault): .members(["error": fault.json])
        }
    }
    let accepted = items.contains { if case .success = $0 { true } else { false } }
    if !accepted, case .failure(let first)? = items.first {
        return jsonResponse(.members(["error": first.json, name: .array(entries)]), status: status(of: first.code))
    }
    return jsonResponse(.object([JSONMember(name, .array(entries))]), status: success)
}

/// Reads each element of a batch by itself; a fault gets the element's place in front of its field.
func readItems<Item>(
    _ elements: [JSONValue], in name: String, _ read: (JSONValue) throws(InputError) -> Item
) -> [Result<Item, InputError>] {
    elements.enumerated().map { index, element in
        do throws(InputError) {
            return .success(try read(element))
        } catch { return .failure(error.inside("\(name)[\(index)]")) }
    }
}

/// Puts the answers for the accepted items of a batch back among those that were refused while reading.
func merge<Item, Answer>(
    _ items: [Result<Item, InputError>], with answers: [Result<Answer, InputError>], in name: String
) -> [Result<Answer, InputError>] {
    var remaining = answers.makeIterator()
    return items.enumerated().map { index, item in
        switch item {
        case .failure(let fault): return .failure(fault)
        case .success:
            switch remaining.next() {
            case .success(let answer)?: return .success(answer)
            case .failure(let fault)?: return .failure(fault.inside("\(name)[\(index)]"))
            case nil: return .failure(InputError(.conflict, "no answer", field: "\(name)[\(index)]"))
            }
        }
    }
}
