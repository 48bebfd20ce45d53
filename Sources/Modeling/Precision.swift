// In which numbers matrices are multiplied.
import CKernels

/// The form of matrices and of what they are multiplied with. Sums, norms, attention, softmax, gradients and the optimiser are
/// fp32 in either.
package enum Precision: String, Sendable, CaseIterable {
    case float32 = "fp32"
    /// Matrices and their inputs rounded to bf16, sums in fp32: half the memory of the packed matrices, and about twice the
    /// speed where the CPU multiplies bf16 (AVX512-BF16). The parameters that are trained stay fp32.
    case bfloat16 = "bf16"

    /// Bytes of one packed number.
    var bytes: Int { self == .float32 ? 4 : 2 }

    /// Throws `ModelError` `.unsupported` where this machine would only imitate it, slowly.
    package func check() throws(ModelError) {
        guard self == .bfloat16, !ck_has_bf16() else { return }
        throw ModelError(
            .unsupported, "this CPU does not multiply bf16", hint: "use fp32; AVX512-BF16 is what is missing")
    }
}
