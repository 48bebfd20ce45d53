// Scratch memory of one worker: taken piece by piece, given back all at once, kept from call to call.

/// A stack of scratch buffers. What `take` returns is valid until the next `reset`, and holds anything at first.
struct Workspace: Sendable {
    private var blocks: [FloatBuffer] = []
    private var block = 0
    private var used = 0
    /// Numbers in a block; a larger request gets a block of a multiple of it.
    private let blockSize: Int

    /// `blockSize` numbers are allocated at a time (4 MB by default: a few activations of a thousand tokens).
    init(blockSize: Int = 1_048_576) { self.blockSize = blockSize }

    /// Memory for `count` numbers.
    mutating func take(_ count: Int) -> UnsafeMutablePointer<Float> {
        let rounded = (count + 15) / 16 * 16
        while block < blocks.count {
            if used + rounded <= blocks[block].count {
                defer { used += rounded }
                return blocks[block].base + used
            }
            block += 1
            used = 0
        }
        // Whole multiples of the block size, so that requests of nearly equal sizes find each other's blocks.
        blocks.append(FloatBuffer(count: max((rounded + blockSize - 1) / blockSize, 1) * blockSize))
        used = rounded
        return blocks[block].base
    }

    /// A place to go back to.
    struct Mark {
        fileprivate let block: Int
        fileprivate let used: Int
    }

    /// Where the next piece would come from.
    var mark: Mark { Mark(block: block, used: used) }

    /// Forgets everything taken since `mark`, or everything; the memory stays.
    mutating func reset(to mark: Mark? = nil) {
        block = mark?.block ?? 0
        used = mark?.used ?? 0
    }
}
