// HTTPS by certificate files, in builds with the trait TLS; in others a clear refusal. The certificate is read at the start:
// a new one needs a restart.
import Domain
import HummingbirdCore

#if TLS
    import HummingbirdTLS
    import NIOSSL
#endif

extension TLSFiles {
    /// Throws `InputError` when the files cannot be used, or this build serves no HTTPS.
    package func check() throws {
        #if TLS
            _ = try NIOSSLContext(configuration: try configuration())
        #else
            throw InputError(
                .invalidValue, "this build of rolloutd serves no HTTPS", field: "--tls-certificate",
                hint: "build it with swift build -c release --traits TLS, or put a proxy in front: "
                    + "deploy/Caddyfile and deploy/nginx.conf")
        #endif
    }

    #if TLS
        /// TLS 1.2 and later, HTTP/1.1 only, no certificates of clients.
        fileprivate func configuration() throws -> TLSConfiguration {
            func reading<Value>(_ path: String, _ field: String, _ read: () throws -> Value) throws -> Value {
                do { return try read() } catch {
                    throw InputError(
                        .invalidValue, "\(path) cannot be used: \(error)", field: field,
                        hint: "a PEM file that rolloutd's user may read")
                }
            }
            let chain = try reading(certificate, "--tls-certificate") {
                try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
            }
            let privateKey = try reading(key, "--tls-key") {
                NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: privateKey)
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return configuration
        }
    #endif
}

/// The server behind TLS when there are certificate files; as it is without.
func encrypted(_ server: HTTPServerBuilder, by files: TLSFiles?) throws -> HTTPServerBuilder {
    guard let files else { return server }
    #if TLS
        return try .tls(server, tlsConfiguration: try files.configuration())
    #else
        try files.check()
        return server
    #endif
}
