// Framed bytes between the server and one jail: length, a line of words and blob lengths, the blobs. Blocking, with a
// deadline; used only on a slot's own queue.
import CSandbox
import Glibc

/// The number of this process.
func ownProcessID() -> Int32 { getpid() }

/// Why a frame could not be had.
enum ChannelFailure: Error, Equatable { case closed, late, malformed }

/// One frame: words, then blobs.
struct Frame {
    var words: [Substring]
    var blobs: [ArraySlice<UInt8>]
}

/// One end of the control socket; closes it when released.
struct Channel: ~Copyable {
    private let descriptor: Int32
    /// A frame beyond this is no honest frame: the largest output and some room for words.
    private let frameBytesMax: Int

    init(descriptor: Int32, frameBytesMax: Int) {
        self.descriptor = descriptor
        self.frameBytesMax = frameBytesMax
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ words: String, blobs: [[UInt8]]) throws(ChannelFailure) {
        let head = Array((words + " | " + blobs.map { String($0.count) }.joined(separator: " ") + "\n").utf8)
        var bytes = lengthPrefix(blobs.reduce(head.count) { $0 + $1.count })
        bytes += head
        for blob in blobs { bytes += blob }
        try sendRaw(bytes)
    }

    /// Bytes with nothing around them.
    func sendRaw(_ bytes: [UInt8]) throws(ChannelFailure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if count < 0 && errno == EINTR {
                continue
            } else {
                throw .closed
            }
        }
    }

    /// A descriptor beside one byte; the other side has one of its own then.
    func sendDescriptor(_ file: Int32) throws(ChannelFailure) {
        guard csandbox_send_descriptor(descriptor, file) == 0 else { throw .closed }
    }

    /// The next frame; `.late` at the deadline (monotonic milliseconds).
    func receive(deadline: Int64) throws(ChannelFailure) -> Frame {
        let prefix = try read(4, deadline: deadline)
        let length = prefix.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= frameBytesMax else { throw .malformed }
        let bytes = try read(length, deadline: deadline)
        return try parse(bytes)
    }

    private func read(_ count: Int, deadline: Int64) throws(ChannelFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let received = bytes.withUnsafeMutableBytes { buffer in
                recv(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, Int32(MSG_DONTWAIT))
            }
            if received > 0 {
                filled += received
            } else if received == 0 {
                throw .closed
            } else if errno == EAGAIN {
                try waitReadable(deadline: deadline)
            } else if errno != EINTR {
                throw .closed
            }
        }
        return bytes
    }

    private func waitReadable(deadline: Int64) throws(ChannelFailure) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let left = deadline - monotonicMilliseconds()
        guard left > 0 else { throw .late }
        // An interrupted or early wait only leads to another look.
        poll(&request, 1, Int32(min(left, 60_000)))
    }

    private func parse(_ bytes: [UInt8]) throws(ChannelFailure) -> Frame {
        guard let lineEnd = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            // The launcher's own frames are one line.
            return Frame(words: String(decoding: bytes, as: UTF8.self).split(separator: " "), blobs: [])
        }
        let line = String(decoding: bytes[..<lineEnd], as: UTF8.self)
        var words = line.split(separator: " ")
        guard let bar = words.firstIndex(of: "|") else { throw .malformed }
        let lengths = words[(bar + 1)...].map { Int($0) }
        words.removeSubrange(bar...)
        var blobs: [ArraySlice<UInt8>] = []
        var start = lineEnd + 1
        for length in lengths {
            guard let length, length >= 0, length <= bytes.count - start else { throw .malformed }
            blobs.append(bytes[start..<(start + length)])
            start += length
        }
        return Frame(words: words, blobs: blobs)
    }
}

/// A number as four bytes, lowest first.
func lengthPrefix(_ count: Int) -> [UInt8] {
    let value = UInt32(truncatingIfNeeded: count)
    return (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

/// Milliseconds of a clock that never jumps; for deadlines only.
func monotonicMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
