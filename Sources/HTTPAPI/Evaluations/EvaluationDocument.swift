// A report in each of its forms: text, JSON, a page of its own without scripts, and the curve as SVG.
import Domain
import Service
import StrictJSON

/// The documents of one report.
package struct EvaluationDocument: Sendable {
    /// What a report is written as.
    package enum Form: String, Sendable, CaseIterable {
        case json, text, html, svg

        /// By the ending of a file's name: `.html`, `.json`, `.txt` or `.svg`. Throws `InputError`.
        package init(path: String) throws(InputError) {
            switch path.split(separator: ".").last {
            case "html": self = .html
            case "json": self = .json
            case "txt": self = .text
            case "svg": self = .svg
            default:
                throw InputError(.invalidValue, "\(path) ends in none of .html, .json, .txt, .svg", field: "out")
            }
        }

        /// The content type.
        var mediaType: String {
            switch self {
            case .json: "application/json"
            case .text: "text/plain; charset=utf-8"
            case .html: "text/html; charset=utf-8"
            case .svg: "image/svg+xml"
            }
        }
    }

    private let report: EvaluationReport

    /// The documents of a report.
    package init(_ report: EvaluationReport) { self.report = report }

    /// One document; `isServed` for pages that the server sends, which find its style sheet.
    package func text(_ form: Form, isRunning: Bool = false, isServed: Bool = false) -> String {
        switch form {
        case .json: report.json(isRunning: isRunning).text + "\n"
        case .text: report.text
        case .html: EvaluationPage(report, isServed: isServed).html.text
        case .svg: EvaluationPage(report).chart.document
        }
    }
}
