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

    /// One document; `status` as a server knows it, and then pages find the server's style sheet.
    package func text(_ form: Form, status: EvaluationStatus? = nil) -> String {
        let isServed = status != nil
        switch form {
        case .json:
            // Who writes a report without a server has let its evaluation go.
            return report.json(
                run: status?.json ?? report.run.json(report.run.state(at: Timestamp(milliseconds: .max)))
            ).text + "\n"
        case .text: return report.text
        case .html: return EvaluationPage(report, isServed: isServed).html.text
        case .svg: return EvaluationPage(report).chart.document
        }
    }
}
