// Queues, leases and workers. A pure function of the snapshot and of pages of leases.
import Domain
import Service

/// Renders `GET /queue`.
struct QueuePage: Sendable {
    let status: StatusSnapshot
    let leases: LeasePage
    let workers: [WorkerRecord]
    /// Whether only leases that are alive are listed.
    let isAlive: Bool

    var html: HTML {
        PageFrame(title: "queue and leases · rolloutd", section: .queue, refresh: .always).html(
            heading: "Queue and leases", note: "What waits, who works on what, and what ran out.", main: main)
    }

    private var main: HTML {
        let next = nextPage(
            "/queue", [("state", isAlive ? "alive" : "all")], before: leases.nextCursor.map { String($0) })
        return .all(
            OperationPanels(status: status).all, .heading("Leases"), choice, leaseTable, next, .heading("Workers"),
            workerTable)
    }

    private var choice: HTML {
        func link(_ state: String, _ chosen: Bool) -> String {
            "<a href=\"/queue?state=\(state)\"\(chosen ? " aria-current=\"true\"" : "")>\(state)</a>"
        }
        return HTML(
            "<nav class=\"choices\" aria-label=\"Which leases\">\(link("alive", isAlive))\(link("all", !isAlive))</nav>"
        )
    }

    private var leaseTable: HTML {
        let rows = leases.leases.map { lease -> [HTML] in
            let ending = lease.ending.map { $0.rawValue } ?? "runs out in \(until(lease.expiresAt))"
            return [
                .escape(lease.id.text), .escape(lease.worker), .escape(lease.kind.rawValue), .escape(ending),
                .escape(Figures.count(lease.taken)), .escape(Figures.count(lease.held)),
                .escape(since(lease.createdAt)),
            ]
        }
        return PageTable(
            "Leases", names: ["lease", "worker", "kind", "ending"], figures: ["given", "held", "age"], rows: rows,
            empty: isAlive ? "no lease is alive" : "no lease yet"
        ).html
    }

    private var workerTable: HTML {
        let rows = workers.map { worker -> [HTML] in
            [
                .escape(worker.name), .escape(worker.kind.rawValue), .escape(Figures.count(worker.aliveLeases)),
                .escape(Figures.count(worker.leases)), .escape(Figures.count(worker.done)),
                .escape(Figures.count(worker.lost)), .escape(since(worker.lastSeen)),
            ]
        }
        return PageTable(
            "Workers", names: ["worker", "kind"], figures: ["alive", "leases", "done", "lost", "last seen"], rows: rows,
            empty: "no worker yet"
        ).html
    }

    private func since(_ moment: Timestamp) -> String {
        Figures.duration(Double(status.now.milliseconds - moment.milliseconds) / 1000)
    }

    private func until(_ moment: Timestamp) -> String {
        Figures.duration(Double(moment.milliseconds - status.now.milliseconds) / 1000)
    }
}
