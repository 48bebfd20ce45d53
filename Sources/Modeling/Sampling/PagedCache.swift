// The kernels' view of a sequence in pages: keys and values go in, attention comes out.
import CKernels
import Glibc

/// A view of a table's pages for one forward pass, and scratch memory for the pointers that the kernel wants.
struct PagedCache {
    let shape: PageShape
    let pages: UnsafePointer<UnsafeMutableRawPointer>
    let pageCount: Int
    let scratch: PagePointers

    /// Writes keys and values `[count, keyWidth]` of one layer behind the first `past` positions.
    func append(
        _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, past: Int, count: Int, layer: Int,
        _ model: ModelConfiguration
    ) {
        let width = shape.keyWidth
        var done = 0
        while done < count {
            let place = (past + done) % PageShape.positions
            let rows = min(count - done, PageShape.positions - place)
            let base = pages[(past + done) / PageShape.positions] + layer * shape.layerBytes
            write(keys + done * width, values + done * width, at: base, place, rows, model)
            done += rows
        }
    }

    /// Writes `rows` keys and values from place `place` on of one page's layer.
    private func write(
        _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, at base: UnsafeMutableRawPointer, _ place: Int,
        _ rows: Int, _ model: ModelConfiguration
    ) {
        let (heads, dimension, width) = (model.keyValueHeadCount, model.headDimension, shape.keyWidth)
        let rowBytes = width * shape.precision.bytes
        let target = base + shape.keysBytes + place * rowBytes
        switch shape.precision {
        case .float32:
            ck_pack_keys(base.assumingMemoryBound(to: Float.self), keys, place, rows, heads, dimension, width)
            memcpy(target, values, rows * rowBytes)
        case .bfloat16:
            ck_pack_keys_bf16(base.assumingMemoryBound(to: UInt16.self), keys, place, rows, heads, dimension, width)
            ck_pack_bf16(target.assumingMemoryBound(to: UInt16.self), values, rows * width)
        }
    }

    /// out `[count, queryWidth]` = attention of the queries of positions `past ..< past + count` in one layer; the bits
    /// are those of a store in one piece.
    func attend(
        _ out: UnsafeMutablePointer<Float>, _ logSumExp: UnsafeMutablePointer<Float>, _ queries: UnsafePointer<Float>,
        past: Int, count: Int, layer: Int, _ model: ModelConfiguration, scale: Float
    ) {
        point(at: layer)
        let (heads, keyHeads, dimension) = (model.headCount, model.keyValueHeadCount, model.headDimension)
        let (keys, values) = (UnsafeRawPointer(scratch.keys), UnsafeRawPointer(scratch.values))
        switch shape.precision {
        case .float32:
            ck_attention_forward_paged(
                out, logSumExp, queries, keys.assumingMemoryBound(to: UnsafePointer<Float>?.self),
                values.assumingMemoryBound(to: UnsafePointer<Float>?.self), past, count, heads, keyHeads, dimension,
                model.queryWidth, model.keyWidth, model.queryWidth, scale)
        case .bfloat16:
            ck_attention_forward_paged_bf16(
                out, logSumExp, queries, keys.assumingMemoryBound(to: UnsafePointer<UInt16>?.self),
                values.assumingMemoryBound(to: UnsafePointer<UInt16>?.self), past, count, heads, keyHeads, dimension,
                model.queryWidth, model.keyWidth, model.queryWidth, scale)
        }
    }

    /// Points `scratch` at one layer.
    private func point(at layer: Int) {
        for index in 0..<pageCount {
            let base = UnsafeRawPointer(pages[index] + layer * shape.layerBytes)
            scratch.keys[index] = base
            scratch.values[index] = base + shape.keysBytes
        }
    }
}

/// Pointers to keys and values of every page of one sequence in one layer. Whoever makes it frees it.
struct PagePointers {
    let keys, values: UnsafeMutablePointer<UnsafeRawPointer?>

    init(pages: Int) {
        keys = .allocate(capacity: pages)
        values = .allocate(capacity: pages)
    }

    func deallocate() {
        keys.deallocate()
        values.deallocate()
    }
}
