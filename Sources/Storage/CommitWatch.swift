// What each transaction changed, noted by triggers that only the writer's own connection has.
//
// Noting it in the tables' triggers and not in the methods that write has two reasons: whoever changes a row is seen, and
// what a savepoint undoes is undone here as well. The notes are in memory (temp_store).
import Domain
import GRDB

/// Notes changes inside transactions and hands them out after the commit.
enum CommitWatch {
    /// Tables for the notes, and the triggers that write them.
    private static let statements = """
        CREATE TEMP TABLE watch_accepted (rollout_id TEXT NOT NULL, group_seq INTEGER NOT NULL);
        CREATE TEMP TRIGGER watch_accepted_note AFTER INSERT ON main.rollouts
        BEGIN INSERT INTO watch_accepted VALUES (new.id, new.group_seq); END;

        CREATE TEMP TABLE watch_judged (verdict_seq INTEGER NOT NULL);
        CREATE TEMP TRIGGER watch_judged_note AFTER INSERT ON main.verdicts
        BEGIN INSERT INTO watch_judged VALUES (new.seq); END;

        CREATE TEMP TABLE watch_settled (rollout_id TEXT NOT NULL, posted_at INTEGER NOT NULL, is_judged INTEGER NOT NULL);
        CREATE TEMP TRIGGER watch_settled_note AFTER UPDATE OF status ON main.rollouts
            WHEN old.status IN ('queued', 'scoring') AND new.status NOT IN ('queued', 'scoring')
        BEGIN INSERT INTO watch_settled VALUES (new.id, new.created_at, new.outcome IS NOT NULL); END;

        CREATE TEMP TABLE watch_claimed (waited INTEGER NOT NULL);
        CREATE TEMP TRIGGER watch_claimed_note AFTER UPDATE OF judging ON main.rollouts
            WHEN old.judging = 'waiting' AND new.judging = 'leased' AND new.attempt = 1
        BEGIN INSERT INTO watch_claimed SELECT created_at - new.created_at FROM leases WHERE seq = new.lease_seq; END;

        CREATE TEMP TABLE watch_ended (kind TEXT NOT NULL, ending TEXT NOT NULL, held INTEGER NOT NULL);
        CREATE TEMP TRIGGER watch_ended_note AFTER UPDATE OF ended_at ON main.leases
            WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL
        BEGIN INSERT INTO watch_ended VALUES (new.kind, new.ending, new.ended_at - new.created_at); END;

        CREATE TEMP TABLE watch_events (seq INTEGER NOT NULL);
        CREATE TEMP TRIGGER watch_events_note AFTER INSERT ON main.events
        BEGIN INSERT INTO watch_events VALUES (new.seq); END;
        """

    /// Begins to note; on the writer's connection, once.
    static func install(_ db: Database) throws { try db.execute(sql: statements) }

    /// What was noted since the last call, which is then forgotten.
    static func take(_ db: Database, at now: Timestamp) throws -> CommitNews {
        var news = CommitNews(at: now)
        news.accepted = try db.rows(
            "SELECT w.rollout_id, g.id FROM watch_accepted w CROSS JOIN groups g ON g.seq = w.group_seq"
        ).map { CommitNews.Accepted(rolloutID: RolloutID($0[0]), groupID: GroupID($0[1])) }
        news.judged = try db.rows(
            """
            SELECT r.id, g.id AS group_id, v.task_type, v.outcome, v.reward, v.attempt
            FROM watch_judged w CROSS JOIN verdicts v ON v.seq = w.verdict_seq
                CROSS JOIN rollouts r ON r.seq = v.rollout_seq CROSS JOIN groups g ON g.seq = r.group_seq
            """
        ).map(judged)
        news.settled = try db.rows("SELECT rollout_id, posted_at, is_judged FROM watch_settled").map { row in
            CommitNews.Settled(
                rolloutID: RolloutID(row["rollout_id"]), isJudged: row["is_judged"],
                seconds: seconds(now.milliseconds - (row["posted_at"] as Int64)))
        }
        news.waitSeconds = try db.rows("SELECT waited FROM watch_claimed").map { seconds($0[0]) }
        news.endedLeases = try db.rows("SELECT kind, ending, held FROM watch_ended").map { row in
            CommitNews.EndedLease(
                kind: try storedCase(row["kind"], "leases.kind"), ending: row["ending"], seconds: seconds(row["held"]))
        }
        news.events = try db.ledgerEvents(
            try db.rows("SELECT e.* FROM watch_events w CROSS JOIN events e ON e.seq = w.seq ORDER BY e.seq"))
        try forget(db, news)
        return news
    }

    private static func forget(_ db: Database, _ news: CommitNews) throws {
        if !news.accepted.isEmpty { try db.run("DELETE FROM watch_accepted") }
        if !news.judged.isEmpty { try db.run("DELETE FROM watch_judged") }
        if !news.settled.isEmpty { try db.run("DELETE FROM watch_settled") }
        if !news.waitSeconds.isEmpty { try db.run("DELETE FROM watch_claimed") }
        if !news.endedLeases.isEmpty { try db.run("DELETE FROM watch_ended") }
        if !news.events.isEmpty { try db.run("DELETE FROM watch_events") }
    }

    private static func judged(_ row: Row) throws -> CommitNews.Judged {
        CommitNews.Judged(
            rolloutID: RolloutID(row["id"]), groupID: GroupID(row["group_id"]), taskType: row["task_type"],
            outcome: try storedCase(row["outcome"], "verdicts.outcome"), reward: row["reward"],
            attempt: row["attempt"])
    }

    /// A clock that was set back makes no negative times.
    private static func seconds(_ milliseconds: Int64) -> Double { Double(max(0, milliseconds)) / 1000 }
}
