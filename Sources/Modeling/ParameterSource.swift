// Where the numbers of one version of the weights come from: memory, mapped files, or a base with an adapter on top.

/// All parameters of a model in the order of its `TensorLayout`, readable piece by piece. They never change.
protocol ParameterSource: Sendable {
    /// Copies `count` numbers from `offset` on; the range lies in the layout and begins and ends at a row of a tensor.
    func copy(_ offset: Int, _ count: Int, into target: UnsafeMutablePointer<Float>)

    /// `count` numbers from `offset` on, where they lie in memory as fp32; nil when they must be copied.
    func pointer(_ offset: Int, _ count: Int) -> UnsafePointer<Float>?
}

extension ParameterSource {
    /// All parameters in memory: the source's own buffer, or a copy.
    func dense(_ layout: TensorLayout) -> FloatBuffer {
        if let buffer = self as? FloatBuffer { return buffer }
        let buffer = FloatBuffer(count: layout.count)
        for tensor in layout.tensors { copy(tensor.offset, tensor.count, into: buffer.base + tensor.offset) }
        return buffer
    }

    /// Calls `body` with the numbers from `offset` on: in place, or copied to `scratch`, which then has room for them.
    func withNumbers(
        _ offset: Int, _ count: Int, scratch: () -> UnsafeMutablePointer<Float>, _ body: (UnsafePointer<Float>) -> Void
    ) {
        if let pointer = pointer(offset, count) { return body(pointer) }
        let copied = scratch()
        copy(offset, count, into: copied)
        body(UnsafePointer(copied))
    }
}

extension FloatBuffer: ParameterSource {
    func copy(_ offset: Int, _ count: Int, into target: UnsafeMutablePointer<Float>) {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
        target.update(from: base + offset, count: count)
    }

    func pointer(_ offset: Int, _ count: Int) -> UnsafePointer<Float>? {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
        return UnsafePointer(base + offset)
    }
}
