// The frame of every page: skip link, navigation, the way here, landmarks. Pages differ in what they put into it.
import Domain

/// The pages that the navigation names, in its order.
enum PageSection: String, CaseIterable, Sendable {
    case status = "Status"
    case runs = "Runs"
    case groups = "Groups"
    case tokens = "Kept tokens"
    case policies = "Policies"
    case evaluations = "Evaluations"
    case queue = "Queue"

    /// Where it is.
    var path: String {
        switch self {
        case .status: "/"
        case .runs: "/runs"
        case .groups: "/groups"
        case .tokens: "/tokens/kept"
        case .policies: "/policies"
        case .evaluations: "/evaluations"
        case .queue: "/queue"
        }
    }
}

/// A page around its content.
struct PageFrame: Sendable {
    /// How a page follows what happens.
    enum Refresh: Sendable {
        /// Never: it is about something that is over.
        case never
        /// By the script, when an event comes.
        case byEvents
        /// By the script, and without one by the browser every ten seconds.
        case always
        /// By the browser in two seconds: something is being computed.
        case soon
    }

    var title: String
    /// The part of the navigation that it belongs to; nil for none.
    var section: PageSection?
    /// The pages above this one that the navigation does not name; path and text.
    var trail: [(path: String, text: String)] = []
    var refresh = Refresh.byEvents

    /// The whole page, with this heading and content.
    func html(header: HTML, main: HTML) -> HTML {
        HTML(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">\
            <meta name="color-scheme" content="light dark"><title>\(HTML.escape(title).text)</title><link rel="stylesheet" href="/assets/style.css">\(refreshing)</head>\
            <body><a class="skip" href="#main">Skip to the content</a>\(navigation)<header>\(crumbs)\(header.text)</header><main id="main">\(main.text)</main>\
            <footer>rolloutd · <a href="/admin/status">status as JSON</a> · <a href="/metrics">metrics</a> · <a href="/openapi.yaml">API</a></footer></body></html>
            """)
    }

    /// As above, with the page's name as its heading and a sentence under it.
    func html(heading: String, note: String, main: HTML) -> HTML {
        html(
            header: .element("h1", [:], .escape(heading))
                + (note.isEmpty ? .empty : .element("p", ["class": "note lead"], .escape(note))), main: main)
    }

    private var refreshing: String {
        let script = "<script src=\"/dashboard.js\" defer></script>"
        switch refresh {
        case .never: return ""
        case .byEvents: return script
        case .always: return script + "<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>"
        case .soon: return "<meta http-equiv=\"refresh\" content=\"2\">"
        }
    }

    private var navigation: String {
        let items = PageSection.allCases.map { item in
            let mark = item == section ? (trail.isEmpty ? " aria-current=\"page\"" : " aria-current=\"true\"") : ""
            return "<li><a href=\"\(item.path)\"\(mark)>\(item.rawValue)</a></li>"
        }
        return "<nav class=\"pages\" aria-label=\"Pages\"><ul>\(items.joined())</ul></nav>"
    }

    private var crumbs: String {
        guard let section, !trail.isEmpty else { return "" }
        let way: [(path: String, text: String)] = [(section.path, section.rawValue)] + trail
        let items = way.map { path, text in
            "<li><a href=\"\(path)\">\(HTML.escape(text).text)</a></li>"
        }
        return "<nav class=\"trail\" aria-label=\"Breadcrumb\"><ol>\(items.joined())</ol></nav>"
    }
}

/// A table that a narrow screen scrolls by itself, named for who cannot see it.
struct PageTable: Sendable {
    /// A column's heading, and whether it holds figures.
    struct Column: Sendable {
        var name: String
        var isFigure = false
    }

    var caption: String
    var columns: [Column]
    /// A cell for each column; the first names its row.
    var rows: [[HTML]]
    var empty = "none yet"

    init(_ caption: String, names: [String], figures: [String] = [], rows: [[HTML]], empty: String = "none yet") {
        self.caption = caption
        columns = names.map { Column(name: $0) } + figures.map { Column(name: $0, isFigure: true) }
        self.rows = rows
        self.empty = empty
    }

    init(_ caption: String, columns: [Column], rows: [[HTML]]) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
    }

    var html: HTML {
        guard !rows.isEmpty else {
            return HTML("<div class=\"panel\"><p class=\"empty\">\(HTML.escape(empty).text)</p></div>")
        }
        let head = columns.map { column in
            "<th scope=\"col\"\(column.isFigure ? " class=\"r\"" : "")>\(HTML.escape(column.name).text)</th>"
        }
        let body = rows.map { cells in
            let items = cells.enumerated().map { index, cell in
                let figure = index < columns.count && columns[index].isFigure
                return index == 0
                    ? "<th scope=\"row\"\(figure ? " class=\"r\"" : "")>\(cell.text)</th>"
                    : "<td\(figure ? " class=\"r\"" : "")>\(cell.text)</td>"
            }
            return "<tr>\(items.joined())</tr>"
        }
        let name = HTML.escape(caption).text
        return HTML(
            "<div class=\"panel scroll\" role=\"region\" aria-label=\"\(name)\" tabindex=\"0\"><table><caption class=\"sr\">\(name)</caption>"
                + "<thead><tr>\(head.joined())</tr></thead><tbody>\(body.joined())</tbody></table></div>")
    }
}

extension HTML {
    /// Parts one after the other.
    static func all(_ parts: HTML...) -> HTML { parts.joined() }

    /// A link; the path must be percent-encoded.
    static func link(_ path: String, _ text: String) -> HTML {
        HTML("<a href=\"\(HTML.escape(path).text)\">\(HTML.escape(text).text)</a>")
    }

    /// A link to a rollout's page under the end of its id.
    static func rollout(_ id: String, query: String = "", text: String? = nil) -> HTML {
        .link("/rollouts/\(percentEncoded(id))\(query)", text ?? shortened(id))
    }

    /// A link to a group's page under the end of its id.
    static func group(_ id: String) -> HTML { .link("/groups/\(percentEncoded(id))", shortened(id)) }

    /// A moment that does not break.
    static func time(_ moment: Timestamp) -> HTML {
        let text = moment.rfc3339
        let shown = text.prefix(19).replacing("T", with: " ")
        return HTML("<time datetime=\"\(escape(text).text)\">\(escape(String(shown)).text)</time>")
    }

    /// A few words that do not break.
    static func short(_ text: String) -> HTML { .element("span", ["class": "nb"], .escape(text)) }

    /// A heading of a part of the page.
    static func heading(_ text: String) -> HTML { .element("h2", [:], .escape(text)) }

    /// A sentence in small type.
    static func note(_ text: String) -> HTML { .element("p", ["class": "note"], .escape(text)) }

    /// A list of terms and what they are.
    static func facts(_ items: [(String, HTML)]) -> HTML {
        .element(
            "div", ["class": "panel"],
            .element(
                "dl", [:],
                items.map { HTML.element("dt", [:], .escape($0.0)) + .element("dd", [:], $0.1) }.joined()))
    }

    /// The end of an identifier: its beginning is the same for all.
    private static func shortened(_ id: String) -> String { id.count > 28 ? "…" + id.suffix(27) : id }
}

/// A link to the next page of a listing, or nothing.
func nextPage(_ path: String, _ parameters: [(String, String?)], before: String?) -> HTML {
    guard let before else { return .empty }
    let query = (parameters + [("before", before)]).compactMap { name, value in
        value.map { "\(name)=\(percentEncoded($0))" }
    }
    return HTML("<p class=\"more\"><a rel=\"next\" href=\"\(path)?\(query.joined(separator: "&amp;"))\">Older</a></p>")
}
