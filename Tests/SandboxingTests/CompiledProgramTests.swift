// What is compiled once is compiled once: programs that any slot compiled serve all of them, the compiler's headers are
// precompiled, and neither can be changed from a jail.
import Glibc
import Testing

@testable import Sandboxing

@Suite struct CompiledProgramTests {
    private static let source = """
        #include <bits/stdc++.h>
        int main() { int a; std::cin >> a; std::cout << a * 2 << std::endl; }
        """

    private static func job(_ source: String) -> SandboxJob {
        SandboxJob(
            language: .cpp, source: source, work: .streams([Array("21\n".utf8)]), cpuSeconds: 2, memoryMegabytes: 128)
    }

    @Test func `a program that one jail compiled runs in another that has no compiler`() async throws {
        let pool = await startPool()
        guard pool.tier <= .namespaces else { return }
        let programs = CompiledPrograms(bytesMax: 64 << 20)
        var configuration = pool.configuration
        configuration.compiler = "/usr/bin/g++"
        guard access(configuration.compiler, X_OK) == 0 else { return }
        for compiler in [configuration.compiler, "/usr/bin/no-such-compiler"] {
            configuration.compiler = compiler
            var slot = try Slot.build(
                number: 0, tier: pool.tier, landlockABI: pool.landlockABI, configuration: configuration)
            for round in 0..<2 {
                let report = try slot.run(Self.job(Self.source), nonce: "\(round)", programs: programs)
                #expect(single(report)?.output == Array("42\n".utf8), "\(compiler): \(report)")
            }
            #expect(programs.size.count == 1)
        }
        await pool.shutdown()
    }

    @Test func `a program that does not compile is not kept`() async throws {
        let pool = await startPool()
        guard pool.tier <= .namespaces, access(pool.configuration.compiler, X_OK) == 0 else { return }
        let programs = CompiledPrograms(bytesMax: 64 << 20)
        var slot = try Slot.build(
            number: 0, tier: pool.tier, landlockABI: pool.landlockABI, configuration: pool.configuration)
        guard case .uncompiled = try slot.run(Self.job("int main() {"), nonce: "1", programs: programs) else {
            Issue.record("half a program was compiled")
            return
        }
        #expect(programs.size == (0, 0))
        await pool.shutdown()
    }

    @Test func `the programs used least recently go first`() {
        let programs = CompiledPrograms(bytesMax: 1_000)
        let (first, second, third) = (Array("first".utf8), Array("second".utf8), Array("third".utf8))
        programs.keep([UInt8](repeating: 1, count: 400)[...], for: first)
        programs.keep([UInt8](repeating: 2, count: 400)[...], for: second)
        #expect(programs.program(for: first)?.size == 400)
        programs.keep([UInt8](repeating: 3, count: 400)[...], for: third)
        #expect(programs.program(for: second) == nil)
        #expect(programs.program(for: first) != nil && programs.program(for: third) != nil)
        #expect(programs.size == (2, 810))
        programs.keep([UInt8](repeating: 4, count: 1_000)[...], for: second)
        #expect(programs.size.count == 2, "a program larger than the bound is not kept")
        programs.keep([UInt8](repeating: 5, count: 100)[...], for: first)
        #expect(programs.size == (2, 510), "a program replaces the one of the same source")
    }

    @Test func `sources that only look alike are different programs`() {
        let programs = CompiledPrograms(bytesMax: 1_000)
        programs.keep([1], for: Array("// \u{e9}".utf8))
        #expect("// \u{e9}" == "// e\u{301}", "as strings they are equal")
        #expect(programs.program(for: Array("// e\u{301}".utf8)) == nil)
    }

    @Test func `a kept program cannot be changed`() throws {
        let program = try #require(SealedProgram([1, 2, 3]))
        var bytes: [UInt8] = [9, 9, 9]
        #expect(pwrite(program.descriptor, &bytes, 3, 0) < 0)
        #expect(ftruncate(program.descriptor, 0) < 0)
        #expect(pread(program.descriptor, &bytes, 3, 0) == 3 && bytes == [1, 2, 3])
    }

    @Test func `headers are precompiled once, shown read-only, and removed at the end`() async throws {
        let pool = await startPool()
        guard pool.tier <= .namespaces, access(pool.configuration.compiler, X_OK) == 0 else { return }
        let headers = CompilerHeaders(
            tier: pool.tier, landlockABI: pool.landlockABI, configuration: pool.configuration)
        #expect(headers.directory() == nil, "the first look begins to make them")
        await headers.settle()
        let directory = try #require(headers.directory())
        do {
            var slot = try Slot.build(
                number: 0, tier: pool.tier, landlockABI: pool.landlockABI, configuration: pool.configuration,
                headers: directory)
            let good = try slot.run(Self.job(Self.source), nonce: "1")
            #expect(single(good)?.output == Array("42\n".utf8), "\(good)")
            let look = """
                #include <bits/stdc++.h>
                #include <fcntl.h>
                #include <unistd.h>
                int main() {
                    const char *path = "/headers/bits/stdc++.h.gch";
                    std::cout << (access(path, R_OK) == 0) << (open(path, O_WRONLY) < 0) << (unlink(path) < 0)
                              << (open("/headers/new", O_CREAT | O_WRONLY, 0600) < 0) << std::endl;
                }
                """
            #expect(single(try slot.run(Self.job(look), nonce: "2"))?.output == Array("1111\n".utf8))
        }
        headers.remove()
        #expect(access(directory, F_OK) != 0)
        #expect(headers.directory() == nil, "they are not made again")
        await pool.shutdown()
    }

    @Test func `headers of a killed server are removed at the next start`() async {
        // No process has this number: it is above the kernel's highest.
        let stale = "/var/tmp/rolloutd-headers-99999999-test"
        #expect(mkdir(stale, 0o755) == 0 && mkdir(stale + "/bits", 0o755) == 0)
        let pool = await startPool()
        #expect(access(stale, F_OK) != 0)
        await pool.shutdown()
    }
}
