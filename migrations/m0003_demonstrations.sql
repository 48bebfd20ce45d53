-- What the model is to imitate, and what groups need that close early, grow, or hold rollouts of several policies.

-- Demonstrations never change; their texts are read by row number, a few hundred at a time.
CREATE TABLE demonstrations (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    dataset_seq INTEGER NOT NULL REFERENCES datasets (seq),
    -- BLAKE2b-128 of all that the client sent: the same id with other content is a conflict.
    content_hash BLOB NOT NULL CHECK (length(content_hash) = 16),
    created_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    -- UTF-8 as a blob, as in rollout_bodies.
    response BLOB NOT NULL CHECK (length(response) >= 1),
    metadata TEXT NOT NULL
) STRICT;
CREATE INDEX demonstrations_by_dataset ON demonstrations (dataset_seq, seq);

CREATE TRIGGER demonstrations_counted AFTER INSERT ON demonstrations
BEGIN
    INSERT INTO tallies VALUES ('demonstrations', 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

-- The size a group was opened with, when it was closed with fewer members (a quorum) or grew to replace members that
-- nobody could judge; NULL while its size is still that.
ALTER TABLE groups ADD COLUMN asked_size INTEGER CHECK (asked_size BETWEEN 1 AND 64);

-- The policy that sampled the last token, when it is not the one that sampled the first.
ALTER TABLE rollouts ADD COLUMN last_policy_version INTEGER CHECK (last_policy_version > policy_version);

-- What was changed of the learner's hyper-parameters, by whom, and after which policy.
CREATE TABLE learner_changes (
    seq INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    -- The newest policy then; NULL before there was one.
    after_version INTEGER REFERENCES policies (version),
    cause TEXT NOT NULL CHECK (cause IN ('request', 'stage')),
    -- A JSON object: {"name": [before, after], ...}.
    changes TEXT NOT NULL
) STRICT;

-- As before, and a group that grows lacks members again.
DROP TRIGGER groups_recounted;
CREATE TRIGGER groups_recounted AFTER UPDATE OF status, lease_seq, member_count, size ON groups
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'groups/' || old.status AND old.status <> new.status;
    INSERT INTO tallies SELECT 'groups/' || new.status, 1 WHERE old.status <> new.status
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
    UPDATE tallies SET count = count - 1
        WHERE name = 'groups/leased' AND old.lease_seq IS NOT NULL AND new.lease_seq IS NULL;
    INSERT INTO tallies SELECT 'groups/leased', 1 WHERE old.lease_seq IS NULL AND new.lease_seq IS NOT NULL
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
    UPDATE tallies SET count = count - 1
        WHERE name = 'groups/lacking' AND (old.status = 'open' AND old.member_count < old.size)
            AND NOT (new.status = 'open' AND new.member_count < new.size);
    INSERT INTO tallies SELECT 'groups/lacking', 1 WHERE new.status = 'open' AND new.member_count < new.size
            AND NOT (old.status = 'open' AND old.member_count < old.size)
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;
