// Exported rollouts to bytes, without a value for each number in between.
import StrictJSON

/// Collects rollouts and hands over lines: one a rollout, or one a row group of columns.
package struct ExportWriter: Sendable {
    private let shape: ExportShape
    private var lines = JSONWriter()
    /// With columns: the open row group, an array without its end for each field.
    private var columns: [JSONWriter]
    private var rows = 0

    /// A writer of lines of this shape.
    package init(_ shape: ExportShape) {
        self.shape = shape
        columns = shape.fields.map { _ in JSONWriter() }
    }

    /// Adds one rollout.
    package mutating func append(_ row: ExportedRollout) {
        switch shape.format {
        case .ndjson: appendLine(row)
        case .columns:
            for (index, field) in shape.fields.enumerated() {
                if rows > 0 { columns[index].append(raw: ",") }
                write(field, of: row, to: &columns[index], asText: field.isFreeForm)
            }
            rows += 1
            let bytes = columns.reduce(0) { $0 + $1.bytes.count }
            if rows >= Limits.exportGroupRows || bytes >= Limits.exportGroupBytes { closeGroup() }
        }
    }

    /// The lines that are whole; at the end the last row group as well.
    package mutating func take(isLast: Bool) -> [UInt8] {
        if isLast, rows > 0 { closeGroup() }
        return lines.take()
    }

    private mutating func appendLine(_ row: ExportedRollout) {
        lines.append(raw: "{")
        var isFirst = true
        for field in shape.fields {
            // Only imported rollouts have one.
            if field == .origin, row.rollout.origin == nil { continue }
            if !isFirst { lines.append(raw: ",") }
            isFirst = false
            lines.append(field.rawValue)
            lines.append(raw: ":")
            write(field, of: row, to: &lines, asText: false)
        }
        lines.append(raw: "}\n")
    }

    private mutating func closeGroup() {
        lines.append(raw: "{\"rows\":")
        lines.append(Int64(rows))
        lines.append(raw: ",\"columns\":{")
        for (index, field) in shape.fields.enumerated() {
            if index > 0 { lines.append(raw: ",") }
            lines.append(field.rawValue)
            lines.append(raw: ":[")
            lines.append(json: columns[index].take())
            lines.append(raw: "]")
        }
        lines.append(raw: "}}\n")
        rows = 0
    }
}

/// Writes one member's value.
private func write(_ field: ExportField, of row: ExportedRollout, to writer: inout JSONWriter, asText: Bool) {
    switch field {
    case .response: return writer.append(row.rollout.response)
    case .tokenIDs: return writer.append(row.rollout.tokenIDs)
    case .logprobs: return writer.append(row.rollout.logprobs)
    default: break
    }
    let value = json(of: field, row)
    if asText, value != .null { writer.append(value.text) } else { writer.append(value) }
}

private func json(of field: ExportField, _ row: ExportedRollout) -> JSONValue {
    let rollout = row.rollout
    return switch field {
    case .id: .string(rollout.id.text)
    case .promptID: .string(rollout.promptID.text)
    case .groupID: .string(rollout.groupID.text)
    case .status: .string(rollout.status.rawValue)
    case .policyVersion: .integer(Int64(rollout.policyVersion.number))
    case .lastPolicyVersion: .integer(Int64((rollout.lastPolicyVersion ?? rollout.policyVersion).number))
    case .finishReason: .string(rollout.finishReason.rawValue)
    case .generator: .string(rollout.generator)
    case .verdict: rollout.verdict?.json ?? .null
    case .outcome: rollout.verdict.map { .string($0.outcome.rawValue) } ?? .null
    case .reward: rollout.reward.map { .double($0) } ?? .null
    case .advantage: rollout.advantage.map { .double($0) } ?? .null
    case .consumedByUpdate: rollout.consumedByUpdate.map { .integer(Int64($0)) } ?? .null
    case .createdAt: .string(rollout.createdAt.rfc3339)
    case .response: .string(rollout.response)
    case .tokenIDs: .integers32(rollout.tokenIDs)
    case .logprobs: .floats(rollout.logprobs)
    case .metadata: rollout.metadata
    case .origin: rollout.origin?.json ?? .null
    case .prompt: row.prompt?.json ?? .null
    case .judgements: .array(row.judgements.map(\.json))
    }
}
