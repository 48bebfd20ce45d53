-- Rollouts that are old: packed smaller, deleted on request without being forgotten, judged again with lineage, and
-- brought in from another ledger.

-- Compaction ---------------------------------------------------------------------------------------------------------

-- 1 once compaction has been at its body; a body that would not shrink stays as it is.
ALTER TABLE rollouts ADD COLUMN compacted INTEGER NOT NULL DEFAULT 0 CHECK (compacted IN (0, 1));
CREATE INDEX rollouts_to_compact ON rollouts (created_at)
    WHERE compacted = 0 AND status IN ('consumed', 'stale', 'discarded');

-- The long parts of a body as one Zstandard frame each; those of its row in rollout_bodies are then empty.
CREATE TABLE packed_bodies (
    rollout_seq INTEGER PRIMARY KEY REFERENCES rollout_bodies (rollout_seq),
    -- What the frames unpack to: bytes of UTF-8, and values of four bytes.
    response_bytes INTEGER NOT NULL CHECK (response_bytes >= 0),
    tokens INTEGER NOT NULL CHECK (tokens >= 0),
    response BLOB NOT NULL,
    token_ids BLOB NOT NULL,
    logprobs BLOB NOT NULL
) STRICT;

CREATE TRIGGER packed_bodies_counted AFTER INSERT ON packed_bodies
BEGIN
    INSERT INTO tallies VALUES ('packed', 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER packed_bodies_uncounted AFTER DELETE ON packed_bodies
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'packed';
END;

-- Rollouts of other ledgers -------------------------------------------------------------------------------------------

-- 1 for a group that was imported: it is there to be read and judged, and the learner passes it by.
ALTER TABLE groups ADD COLUMN is_imported INTEGER NOT NULL DEFAULT 0 CHECK (is_imported IN (0, 1));

-- What had become of an imported rollout where it came from, as a JSON object; NULL where nothing had, and for our own.
ALTER TABLE rollouts ADD COLUMN origin TEXT;

-- Deletion -----------------------------------------------------------------------------------------------------------

-- What retention looks through, oldest first.
CREATE INDEX groups_settled ON groups (created_at)
    WHERE status IN ('consumed', 'stale', 'discarded') OR is_imported = 1;

-- A deletion of verdicts asks who points at them.
CREATE INDEX rollouts_by_verdict ON rollouts (verdict_seq) WHERE verdict_seq IS NOT NULL;

-- Who was deleted, kept for ever: the prompt's count of groups and an update's groups stay known.
CREATE TABLE deleted_groups (
    -- The number that the group had.
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    prompt_seq INTEGER NOT NULL REFERENCES prompts (seq),
    status TEXT NOT NULL CHECK (status IN ('consumed', 'stale', 'discarded')),
    consumed_by_update INTEGER REFERENCES updates (version),
    deleted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX deleted_groups_by_update ON deleted_groups (consumed_by_update) WHERE consumed_by_update IS NOT NULL;
CREATE INDEX deleted_groups_by_prompt ON deleted_groups (prompt_seq);

-- About 40 bytes a rollout, so that one that is posted again is not taken for a new one.
CREATE TABLE deleted_rollouts (
    -- BLAKE2b-128 of the id.
    id_hash BLOB PRIMARY KEY CHECK (length(id_hash) = 16),
    content_hash BLOB NOT NULL CHECK (length(content_hash) = 16),
    group_seq INTEGER NOT NULL REFERENCES deleted_groups (seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deleted_rollouts_counted AFTER INSERT ON deleted_rollouts
BEGIN
    INSERT INTO tallies VALUES ('deleted', 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER only_settled_rollouts_are_deleted BEFORE DELETE ON rollouts
    WHEN old.status NOT IN ('consumed', 'stale', 'discarded') OR old.judging IS NOT NULL OR old.verdict_seq IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a rollout is deleted once it is settled, after its verdicts'); END;

CREATE TRIGGER only_remembered_groups_are_deleted BEFORE DELETE ON groups
    WHEN old.status NOT IN ('consumed', 'stale', 'discarded')
        OR NOT EXISTS (SELECT 1 FROM deleted_groups WHERE seq = old.seq)
BEGIN SELECT RAISE(ABORT, 'a group is deleted once it is settled, and remembered'); END;

CREATE TRIGGER rollouts_uncounted AFTER DELETE ON rollouts
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'rollouts/' || old.status;
END;

CREATE TRIGGER groups_uncounted AFTER DELETE ON groups
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'groups/' || old.status;
END;

-- Judging again -------------------------------------------------------------------------------------------------------

CREATE TABLE rescores (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    -- JSON objects: which rollouts were asked for, and the rules of judging then, by task type.
    filter TEXT NOT NULL,
    verifiers TEXT NOT NULL,
    queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
    created_at INTEGER NOT NULL
) STRICT;

-- The verdict numbers are no foreign keys: their rows go in the same transaction as these, and an index for each would
-- cost more than it guards.
CREATE TABLE rescored_rollouts (
    rescore_seq INTEGER NOT NULL REFERENCES rescores (seq),
    rollout_seq INTEGER NOT NULL REFERENCES rollouts (seq),
    -- The verdict that counted when it was asked for; NULL when there was none.
    old_verdict_seq INTEGER,
    -- The verdict that answered; NULL until there is one.
    new_verdict_seq INTEGER,
    PRIMARY KEY (rescore_seq, rollout_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX rescored_rollouts_by_rollout ON rescored_rollouts (rollout_seq);
CREATE INDEX rescored_rollouts_open ON rescored_rollouts (rollout_seq) WHERE new_verdict_seq IS NULL;

-- The request that a judgement was made for; NULL for a rollout's first ones.
ALTER TABLE verdicts ADD COLUMN rescore_seq INTEGER REFERENCES rescores (seq);
