// The frames between server and jail: what arrives whole, what arrives broken, and what never arrives.
import Glibc
import Testing

@testable import Sandboxing

@Suite struct ChannelTests {
    /// A channel of at most 1,000 bytes a frame, and the raw other end.
    private func connected() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private func receive(_ bytes: [UInt8], closing: Bool = false) throws -> Result<[String], ChannelFailure> {
        let (near, far) = try connected()
        defer { if !closing { close(far) } }
        let channel = Channel(descriptor: near, frameBytesMax: 1_000)
        #expect(write(far, bytes, bytes.count) == bytes.count)
        if closing { close(far) }
        do throws(ChannelFailure) {
            let frame = try channel.receive(deadline: monotonicMilliseconds() + 100)
            return .success(frame.words.map(String.init) + frame.blobs.map { String(decoding: $0, as: UTF8.self) })
        } catch {
            return .failure(error)
        }
    }

    private func framed(_ text: String) -> [UInt8] { lengthPrefix(text.utf8.count) + Array(text.utf8) }

    @Test func `words and blobs arrive as they were sent`() throws {
        #expect(try receive(framed("a b | 3 0 2\nxyzuv")) == .success(["a", "b", "xyz", "", "uv"]))
        #expect(try receive(framed("a | \n")) == .success(["a"]))
        #expect(try receive(framed("fault mount: no")) == .success(["fault", "mount:", "no"]))
    }

    @Test(arguments: ["a b\n", "a | 4\nxyz", "a | -1\nxyz", "a | x\nxyz", "a | 99999999999999999999\n", "\n", "| 1\n"])
    func `a malformed frame is refused`(_ text: String) throws {
        #expect(try receive(framed(text)) == .failure(.malformed))
    }

    @Test func `a frame longer than any honest one is refused before it is read`() throws {
        #expect(try receive(lengthPrefix(1_001)) == .failure(.malformed))
        #expect(try receive([255, 255, 255, 255]) == .failure(.malformed))
    }

    @Test func `a frame that never comes whole is late, a closed channel is closed`() throws {
        #expect(try receive([]) == .failure(.late))
        #expect(try receive(lengthPrefix(10) + [1, 2]) == .failure(.late))
        #expect(try receive(lengthPrefix(10) + [1, 2], closing: true) == .failure(.closed))
        #expect(try receive([], closing: true) == .failure(.closed))
    }

    @Test func `sending to a closed channel is an error, not a signal`() throws {
        let (near, far) = try connected()
        let channel = Channel(descriptor: near, frameBytesMax: 1_000)
        close(far)
        #expect(throws: ChannelFailure.closed) { try channel.sendRaw([1]) }
    }
}
