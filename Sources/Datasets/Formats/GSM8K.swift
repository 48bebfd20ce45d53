// GSM8K: word problems whose worked answers end with a number behind four hashes.
import Domain
import Foundation
import StrictJSON

extension DatasetFormat {
    /// `{"question","answer"}`, the answer ending with `#### 1,234`.
    static let gsm8k = DatasetFormat(
        name: "gsm8k", summary: "openai/gsm8k", fields: ["question", "answer"], isNamedByFile: false,
        recognises: { $0.has("question", "answer") && $0["answer"]?.string?.contains("#### ") == true },
        read: { row throws(InputError) in
            let number = try finalNumber(try row.text("answer"))
            return try row.prompt(
                id: nil, .text(try row.text("question")), .math(MathTask(answers: [number])),
                ["source": "gsm8k"])
        })
}

/// The number behind the last four hashes, without a currency's sign and the commas between thousands.
private func finalNumber(_ worked: String) throws(InputError) -> String {
    guard let mark = worked.range(of: "####") else {
        throw InputError(.invalidValue, "no #### before the final number", field: "answer")
    }
    let digits = worked[mark.upperBound...].filter { $0 != "," && $0 != "$" && !$0.isWhitespace }
    guard digits.contains(where: \.isNumber) else {
        throw InputError(.invalidValue, "no number behind ####", field: "answer")
    }
    return String(digits)
}
