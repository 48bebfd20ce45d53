// What Hummingbird hands over beside a request: here, where its connection comes from.
import Glibc
import Hummingbird
import NIOCore

/// A request's surroundings.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's address, as `192.0.2.7`. Of IPv6 the first 64 bits, which one subscriber has all addresses of.
    let address: String
    /// The connection itself.
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = ConnectionContext.text(of: source.channel.remoteAddress)
        channel = source.channel
    }

    /// Whether the client has neither closed its end nor been reset, as the system knows it now. A channel that waits for nothing is
    /// not told of it, and a write to a connection whose other end is closed succeeds once.
    func isClientThere() async -> Bool {
        guard channel.isActive, let options = channel as? any SocketOptionProvider else { return channel.isActive }
        // The first byte of Linux's tcp_info is the state; 1 is TCP_ESTABLISHED.
        let state: EventLoopFuture<UInt8> = options.unsafeGetSocketOption(
            level: SocketOptionLevel(IPPROTO_TCP), name: SocketOptionName(TCP_INFO))
        return (try? await state.get()) ?? 1 == 1
    }

    private static func text(of address: SocketAddress?) -> String {
        guard case .v6(let v6)? = address else { return address?.ipAddress ?? "unknown" }
        // Family, port and flow come first, in eight bytes (RFC 3493, section 3.3), then the address.
        let bytes = withUnsafeBytes(of: v6.address) { Array($0.dropFirst(8).prefix(16)) }
        // An IPv4 client of a dual-stack socket (::ffff:a.b.c.d).
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10..<12].allSatisfy({ $0 == 0xFF }) {
            return bytes[12...].map(String.init).joined(separator: ".")
        }
        let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
        return groups.joined(separator: ":") + "::/64"
    }
}
