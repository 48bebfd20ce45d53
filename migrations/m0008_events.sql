-- What happened, for those who watch and were away for a while: the newest of each type, in the order in which it was
-- committed. Triggers write them, so an event is there exactly when its change is.

-- AUTOINCREMENT: `seq` is a watcher's cursor, so a number is never given twice.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 40),
    at INTEGER NOT NULL,
    -- The row that it is about: its `seq`, or its version. What the event says is read from there.
    ref INTEGER,
    -- The name that clients know that row by, which outlives it.
    subject TEXT,
    -- A JSON object, for what has no row.
    detail TEXT,
    CHECK ((ref IS NULL) = (detail IS NOT NULL))
) STRICT;
CREATE INDEX events_by_type ON events (type, seq);

-- Events up to here are gone, by type; whoever asks for them is told.
CREATE TABLE event_trims (
    type TEXT PRIMARY KEY,
    through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A group is ready with its last verdict, so that one's time is the event's.
CREATE TRIGGER group_ready_event AFTER UPDATE OF status ON groups WHEN old.status <> 'ready' AND new.status = 'ready'
BEGIN
    INSERT INTO events (type, at, ref, subject)
    SELECT 'group.ready', coalesce(max(v.created_at), new.created_at), new.seq, new.id
    FROM rollouts r CROSS JOIN verdicts v ON v.seq = r.verdict_seq WHERE r.group_seq = new.seq;
END;

-- Scoring leases that end by verdicts come by the dozen a second, and the verdicts say it.
CREATE TRIGGER lease_ended_event AFTER UPDATE OF ended_at ON leases
    WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL AND NOT (new.kind = 'score' AND new.ending = 'completed')
BEGIN
    INSERT INTO events (type, at, ref, subject) VALUES ('lease.ended', new.ended_at, new.seq, new.id);
END;

CREATE TRIGGER update_committed_event AFTER INSERT ON updates
BEGIN
    INSERT INTO events (type, at, ref) VALUES ('update.committed', new.created_at, new.version);
END;

-- Its weights can be fetched from now on.
CREATE TRIGGER policy_published_event AFTER INSERT ON checkpoints
BEGIN
    INSERT INTO events (type, at, ref)
    SELECT 'policy.published', created_at, version FROM policies WHERE version = new.version;
END;

CREATE TRIGGER evaluation_finished_event AFTER INSERT ON evaluations
BEGIN
    INSERT INTO events (type, at, ref) VALUES ('evaluation.finished', new.created_at, new.seq);
END;
