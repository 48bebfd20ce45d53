// What a person's browser gets where a page cannot be shown: what is wrong, what to do about it, and a way back. Everybody
// else gets the same as JSON.
import Domain
import HTTPTypes
import Hummingbird
import StrictJSON

/// An error as a page.
struct ErrorPage: Sendable {
    let answer: ErrorAnswer
    /// The path that was asked for, without its query.
    let path: String
    /// The request's id, under which the log has more.
    let requestID: String

    /// The answer to a request for a page: HTML for who asks for HTML, with the status and headers of the error.
    var response: Response {
        var response = pageResponse(html, status: answer.status)
        for field in answer.headers { response.headers[field.name] = field.value }
        return response
    }

    /// Whether a request comes from somebody who reads pages: it names HTML among what it accepts.
    static func isWanted(by request: Request) -> Bool {
        request.headers[values: .accept].joined(separator: ",").split(separator: ",").contains { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return parts.first == "text/html" && !parts.contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }

    /// Whether an address that has no operation may be a page's: what is below these is for programs.
    static func mayBeOne(_ path: String) -> Bool { !["/v1/", "/admin/"].contains { path.hasPrefix($0) } }

    /// The whole page.
    var html: HTML {
        PageFrame(title: "\(heading.lowercased()) · rolloutd", section: nil, refresh: .never)
            .html(heading: heading, note: "", main: main)
    }

    private var main: HTML {
        var facts: [(String, HTML)] = [("What is wrong", .escape(sentence(text("message") ?? "the service failed")))]
        if let field = text("field") { facts.append(("Where", .element("code", [:], .escape(field)))) }
        if let hint = text("hint") { facts.append(("What to do", .escape(sentence(hint)))) }
        if let seconds = answer.headers[.retryAfter] { facts.append(("Try again", .escape("in \(seconds) s"))) }
        facts.append(("Status", .escape("\(answer.status.code) \(text("code") ?? "")")))
        facts.append(("Request", .escape(requestID)))
        return .facts(facts) + HTML("<p>\(HTML.link(back.path, "Back to \(back.name)").text)</p>")
    }

    private func text(_ member: String) -> String? { answer.error[member]?.string }

    private func sentence(_ words: String) -> String { words.prefix(1).uppercased() + words.dropFirst() + "." }

    private var heading: String {
        switch answer.status.code {
        case 400, 422: "This address cannot be read"
        case 401: "A key is needed"
        case 403: "Not allowed"
        case 404: "Not found"
        case 409: "Not possible now"
        case 429: "Too many requests"
        case 503: "Not available now"
        default: "This page cannot be shown"
        }
    }

    /// The listing that the address lies below, or the first page.
    private var back: (path: String, name: String) {
        let section = PageSection.allCases.dropFirst().first { path == $0.path || path.hasPrefix($0.path + "/") }
        // A listing's own address is what is wrong: without its query it works, unless nothing does.
        guard let section, answer.status.code < 500 else { return (PageSection.status.path, "the first page") }
        return (section.path, section.rawValue)
    }
}
