// In which numbers matrices are multiplied.
import CKernels

/// The form of matrices, of what they are multiplied with, and of keys and values. Sums, norms, the arithmetic of attention,
/// softmax, gradients and the optimiser are fp32 in either.
package enum Precision: String, Sendable, CaseIterable {
    case float32 = "fp32"
    /// Matrices and their inputs rounded to bf16, sums in fp32: half the memory of the packed matrices, and about twice the
    /// speed where the CPU multiplies bf16 (AVX512-BF16). Keys and values are rounded as well, so that the sampler's pages
    /// take half the memory. The parameters that are trained stay fp32.
    case bfloat16 = "bf16"

    /// Bytes of a number in packed matrices and in the sampler's pages.
    var bytes: Int { self == .float32 ? 4 : 2 }

    /// Throws `ModelError` `.unsupported` where this machine would only imitate it, slowly.
    package func check() throws(ModelError) {
        guard self == .bfloat16, !ck_has_bf16() else { return }
        throw ModelError(
            .unsupported, "this CPU does not multiply bf16", hint: "use fp32; AVX512-BF16 is what is missing")
    }
}
