// A large model's numbers where they lie on disk: mapped, converted to fp32 as they are asked for, never all in memory.
import Glibc
import Synchronization

/// A file mapped to read. Its pages are the system's cache and can be taken back at any time.
///
/// A file that is cut shorter while it is mapped would end the process with a signal, which reading it would not. So only
/// models too large to be copied are mapped, and whoever replaces such a file must rename another over it, as this module does.
final class MappedFile: Sendable {
    private let address: UInt
    let count: Int

    /// Maps the whole of an open file.
    init(_ file: borrowing OpenFile, path: String) throws(ModelError) {
        count = file.size
        guard let mapped = mmap(nil, max(count, 1), PROT_READ, MAP_PRIVATE, file.descriptor, 0), mapped != MAP_FAILED
        else { throw ModelFileIO.failure("cannot map", path) }
        address = UInt(bitPattern: mapped)
    }

    deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), max(count, 1)) }

    /// Bytes from `offset` on; the caller keeps the file alive while it reads them.
    func bytes(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        precondition(offset >= 0 && count >= 0 && offset <= self.count - count)
        return UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address + UInt(offset)), count: count)
    }
}

/// The tensors of a model in mapped files, in the order of its layout.
struct MappedTensors: ParameterSource {
    /// One tensor: where it begins in the layout, and its numbers in a file.
    struct Place: Sendable {
        let tensor: TensorPlace
        let file: MappedFile
        let path: String
        let type: SafetensorsFile.ElementType
        /// First byte in the file.
        let byteOffset: Int
    }

    /// In the order of the layout, without gaps.
    let places: [Place]

    func copy(_ offset: Int, _ count: Int, into target: UnsafeMutablePointer<Float>) {
        var done = 0
        var index = self.index(of: offset)
        while done < count, index < places.count {
            let place = places[index]
            let first = offset + done - place.tensor.offset
            let part = min(count - done, place.tensor.count - first)
            let bytes = place.file.bytes(place.byteOffset + first * place.type.size, part * place.type.size)
            SafetensorsReader.convert(bytes, place.type, part, into: target + done)
            done += part
            index += 1
        }
        precondition(done == count)
    }

    func pointer(_ offset: Int, _ count: Int) -> UnsafePointer<Float>? {
        let place = places[index(of: offset)]
        let first = offset - place.tensor.offset
        guard place.type == .float32, first + count <= place.tensor.count else { return nil }
        let bytes = place.file.bytes(place.byteOffset + 4 * first, 4 * count)
        // The format puts data where its header ends, which need not be a multiple of four.
        guard let base = bytes.baseAddress, UInt(bitPattern: base) % 4 == 0 else { return nil }
        return base.assumingMemoryBound(to: Float.self)
    }

    /// The tensor that holds a number of the layout.
    private func index(of offset: Int) -> Int {
        var (low, high) = (0, places.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if places[middle].tensor.offset <= offset { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

extension MappedTensors {
    /// Numbers that one thread checks at a time.
    private static let chunk = 1 << 18

    /// Throws `ModelError` `.wrongTensor` for the first number that is NaN or infinite.
    func checkFinite(threads: Int) throws(ModelError) {
        let pieces = places.indices.flatMap { index in
            stride(from: 0, to: places[index].tensor.count, by: Self.chunk).map { (index, $0) }
        }
        let faults = Faults()
        WorkerThreads.forEach(pieces.count, threads: threads) { piece in
            let (index, first) = pieces[piece]
            if let error = fault(places[index], from: first) { faults.errors.withLock { $0[piece] = error } }
        }
        if let first = faults.errors.withLock({ errors in errors.min { $0.key < $1.key } }) { throw first.value }
    }

    private func fault(_ place: Place, from first: Int) -> ModelError? {
        let count = min(Self.chunk, place.tensor.count - first)
        let bytes = place.file.bytes(place.byteOffset + first * place.type.size, count * place.type.size)
        guard !HalfPrecision.isFinite(bytes, place.type) else { return nil }
        var value = Float.nan
        for index in 0..<count {
            copy(place.tensor.offset + first + index, 1, into: &value)
            if !value.isFinite {
                return SafetensorsReader.notFinite(place.tensor.name, place.path, value, at: first + index)
            }
        }
        return nil
    }

    private final class Faults: Sendable {
        let errors = Mutex<[Int: ModelError]>([:])
    }
}
