// The kernels against PyTorch's results: Vectors/kernels (ORIGIN.md there says how they were made, and the tolerance).
import CKernels
import Testing

private let vectorsPath: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Vectors/kernels/kernels.safetensors"
}()

private let tolerance: Float = 1e-5

/// The tensors of one kernel by short name.
private struct Vectors {
    let tensors: [String: [Float]]
    let prefix: String

    init(_ prefix: String) throws {
        tensors = try TensorFile.read(vectorsPath)
        self.prefix = prefix
    }

    /// An input of a kernel; throws if there is none of this name.
    func callAsFunction(_ name: String) throws -> [Float] { try #require(tensors["\(prefix).\(name)"]) }

    /// A result to compare with; empty, and so equal to nothing, if there is none of this name.
    subscript(name: String) -> [Float] { tensors["\(prefix).\(name)"] ?? [] }
}

@Suite struct KernelVectorTests {
    @Test(arguments: kernelLevels)
    func `attention agrees with PyTorch`(level: Int32) throws {
        let vectors = try Vectors("attention")
        let (q, k, v, dout) = (try vectors("q"), try vectors("k"), try vectors("v"), try vectors("dout"))
        atKernelLevel(level) {
            var keys = [Float](repeating: .nan, count: ck_packed_keys_size(70, 2, 32))
            var values = keys
            ck_pack_keys(&keys, k, 0, 70, 2, 32, 64)
            ck_pack_keys(&values, v, 0, 70, 2, 32, 64)
            let scale = 1 / Float(32).squareRoot()
            var (out, lse) = (q, [Float](repeating: 0, count: 280))
            ck_attention_forward(&out, &lse, q, keys, v, 0, 70, 4, 2, 32, 128, 64, 128, scale)
            #expect(kernelError(out, vectors["out"]) < tolerance)
            var (dq, dk, dv) = (q, k, v)
            ck_attention_backward(
                &dq, &dk, &dv, dout, out, lse, q, k, keys, values, 70, 4, 2, 32, 128, 64, 64, 128, scale)
            #expect(kernelError(dq, vectors["dq"]) < tolerance)
            #expect(kernelError(dk, vectors["dk"]) < tolerance)
            #expect(kernelError(dv, vectors["dv"]) < tolerance)
        }
    }

    @Test(arguments: kernelLevels)
    func `the norm agrees with PyTorch`(level: Int32) throws {
        let vectors = try Vectors("rmsnorm")
        let (x, weight, dy) = (try vectors("x"), try vectors("weight"), try vectors("dy"))
        atKernelLevel(level) {
            var (y, rstd) = (x, [Float](repeating: 0, count: 5))
            ck_rmsnorm_forward(&y, &rstd, x, weight, 5, 35, 1e-6)
            #expect(kernelError(y, vectors["y"]) < tolerance)
            var (dx, dweight) = (x, [Float](repeating: 0, count: 35))
            ck_rmsnorm_backward(&dx, &dweight, dy, x, weight, rstd, 5, 35, false)
            #expect(kernelError(dx, vectors["dx"]) < tolerance)
            #expect(kernelError(dweight, vectors["dweight"]) < tolerance)
        }
    }

    @Test(arguments: kernelLevels)
    func `the gate agrees with PyTorch`(level: Int32) throws {
        let vectors = try Vectors("swiglu")
        let (gate, up, dy) = (try vectors("gate"), try vectors("up"), try vectors("dy"))
        atKernelLevel(level) {
            var (y, dgate, dup) = (gate, gate, up)
            ck_swiglu_forward(&y, gate, up, 3, 41, 41, 41)
            ck_swiglu_backward(&dgate, &dup, dy, gate, up, 3, 41, 41, 41)
            #expect(kernelError(y, vectors["y"]) < tolerance)
            #expect(kernelError(dgate, vectors["dgate"]) < tolerance)
            #expect(kernelError(dup, vectors["dup"]) < tolerance)
        }
    }

    @Test(arguments: kernelLevels)
    func `log-softmax, entropy and their gradient agree with PyTorch`(level: Int32) throws {
        let vectors = try Vectors("softmax")
        let (logits, coeff, bonus) = (try vectors("logits"), try vectors("coeff"), try vectors("bonus"))
        atKernelLevel(level) {
            var (logp, entropy, lse, gradient) = (coeff, coeff, coeff, logits)
            let targets: [Int32] = [0, 7, 14, 21, 28, 35]
            ck_log_softmax_stats(&logp, &entropy, &lse, logits, targets, 6, 53, 53, 1.25)
            ck_log_softmax_backward(&gradient, targets, coeff, bonus, lse, entropy, 6, 53, 53, 1.25)
            #expect(kernelError(logp, vectors["logp"]) < tolerance)
            #expect(kernelError(entropy, vectors["entropy"]) < tolerance)
            #expect(kernelError(lse, vectors["lse"]) < tolerance)
            #expect(kernelError(gradient, vectors["dlogits"]) < tolerance)
        }
    }

    @Test(arguments: kernelLevels)
    func `five steps of AdamW agree with PyTorch`(level: Int32) throws {
        let vectors = try Vectors("adamw")
        let (start, grads) = (try vectors("start"), try vectors("grads"))
        atKernelLevel(level) {
            var param = start
            var (m, v) = ([Float](repeating: 0, count: 37), [Float](repeating: 0, count: 37))
            for step in 0..<5 {
                let grad = Array(grads[step * 37..<(step + 1) * 37])
                ck_adamw(&param, &m, &v, grad, 37, 0.01, 0.9, 0.95, 1e-8, 0.1, UInt64(step + 1), 1)
            }
            #expect(kernelError(param, vectors["end"]) < tolerance)
        }
    }
}
