// The ways into the parser: raw bytes, byte collections, strings.

extension JSONValue {
    /// Reads one JSON text (RFC 8259, nothing more lenient) from UTF-8 bytes; nothing but white space may follow it.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, limits: limits)
        return try parser.parseDocument()
    }

    /// As above, from any bytes; those without contiguous storage are copied first.
    package static func parse(
        _ bytes: some Collection<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> JSONValue {
        let contiguous = bytes.withContiguousStorageIfAvailable { storage in
            Result { () throws(JSONError) in try parse(UnsafeRawBufferPointer(storage), limits: limits) }
        }
        if let contiguous { return try contiguous.get() }
        return try parse(Array(bytes), limits: limits)
    }

    /// As above, from a string.
    package static func parse(text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        var text = text
        let result = text.withUTF8 { storage in
            Result { () throws(JSONError) in try parse(UnsafeRawBufferPointer(storage), limits: limits) }
        }
        return try result.get()
    }
}
