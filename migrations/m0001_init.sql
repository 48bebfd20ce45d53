-- m0001: the first schema. Once released this file never changes; later changes are later files (see README.md).
--
-- Every table is STRICT. What the code believes of a row is a CHECK here, so that a bug cannot store what a reader
-- would misread. Rows that change are small: SQLite rewrites a whole row on every update, so texts and token arrays,
-- which never change, lie in tables of their own (prompt_bodies, rollout_bodies).
-- `seq` orders rows by intake and serves as cursor; `id` is the name that clients know. Times are milliseconds since
-- 1970 UTC.

-- Prompts ------------------------------------------------------------------------------------------------------------

CREATE TABLE datasets (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    -- Kept by a trigger.
    prompt_count INTEGER NOT NULL DEFAULT 0 CHECK (prompt_count >= 0)
) STRICT;

CREATE TABLE prompts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    dataset_seq INTEGER NOT NULL REFERENCES datasets (seq),
    task_type TEXT NOT NULL CHECK (task_type IN ('math', 'code')),
    -- BLAKE2b-128 of all that the client sent: the same id with other content is a conflict.
    content_hash BLOB NOT NULL CHECK (length(content_hash) = 16),
    -- Kept by a trigger; new groups go to the prompts that have the fewest.
    group_count INTEGER NOT NULL DEFAULT 0 CHECK (group_count >= 0),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX prompts_by_need ON prompts (group_count, seq);
CREATE INDEX prompts_by_dataset ON prompts (dataset_seq, seq);
CREATE INDEX prompts_by_dataset_need ON prompts (dataset_seq, group_count, seq);

CREATE TABLE prompt_bodies (
    prompt_seq INTEGER PRIMARY KEY REFERENCES prompts (seq),
    content TEXT NOT NULL,
    task TEXT NOT NULL,
    metadata TEXT NOT NULL
) STRICT;

-- Policies and updates -----------------------------------------------------------------------------------------------

CREATE TABLE policies (
    version INTEGER PRIMARY KEY CHECK (version >= 0),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE updates (
    version INTEGER PRIMARY KEY REFERENCES policies (version) CHECK (version >= 1),
    objective TEXT NOT NULL,
    -- A JSON array of [name, value] pairs, in the learner's order.
    metrics TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE checkpoints (
    version INTEGER PRIMARY KEY REFERENCES policies (version),
    path TEXT NOT NULL CHECK (length(path) > 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    digest TEXT NOT NULL,
    learner_state TEXT NOT NULL
) STRICT;

CREATE TABLE evaluations (
    seq INTEGER PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version >= 0),
    kind TEXT NOT NULL,
    prompts INTEGER NOT NULL CHECK (prompts >= 0),
    samples INTEGER NOT NULL CHECK (samples >= 0),
    greedy_accuracy REAL NOT NULL CHECK (greedy_accuracy BETWEEN 0 AND 1),
    average_accuracy REAL CHECK (average_accuracy BETWEEN 0 AND 1),
    pass_at_k REAL CHECK (pass_at_k BETWEEN 0 AND 1),
    undetermined INTEGER NOT NULL CHECK (undetermined >= 0),
    learning_seconds REAL NOT NULL CHECK (learning_seconds >= 0),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Leases -------------------------------------------------------------------------------------------------------------

CREATE TABLE leases (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    kind TEXT NOT NULL CHECK (kind IN ('generate', 'score')),
    worker TEXT NOT NULL,
    -- 1 when the worker lives in this process and dies with it.
    is_local INTEGER NOT NULL CHECK (is_local IN (0, 1)),
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    policy_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ending TEXT CHECK (ending IN ('completed', 'released', 'expired', 'reclaimed')),
    CHECK ((ended_at IS NULL) = (ending IS NULL))
) STRICT;
CREATE INDEX leases_alive ON leases (expires_at) WHERE ended_at IS NULL;

-- Groups -------------------------------------------------------------------------------------------------------------

CREATE TABLE groups (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    prompt_seq INTEGER NOT NULL REFERENCES prompts (seq),
    size INTEGER NOT NULL CHECK (size BETWEEN 1 AND 64),
    member_count INTEGER NOT NULL DEFAULT 0,
    -- The oldest policy among the members; before there are any, the newest when the group was opened.
    oldest_version INTEGER NOT NULL CHECK (oldest_version >= 0),
    -- open: lacks members or verdicts. ready: complete, waits for an update.
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'ready', 'consumed', 'stale', 'discarded')),
    fate TEXT CHECK (fate IN ('trained', 'zero_variance', 'unusable', 'stale')),
    consumed_by_update INTEGER REFERENCES updates (version),
    -- 0: never leased (made for rollouts that named no group). Otherwise the fencing number: it only rises.
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- How often it was handed out and not given back; bounded, while `attempt` is not.
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    lease_seq INTEGER REFERENCES leases (seq),
    created_at INTEGER NOT NULL,
    CHECK (member_count BETWEEN 0 AND size),
    CHECK (status <> 'ready' OR member_count = size),
    CHECK ((status = 'consumed') = (consumed_by_update IS NOT NULL)),
    CHECK (lease_seq IS NULL OR (status = 'open' AND member_count < size))
) STRICT;
CREATE INDEX groups_by_prompt ON groups (prompt_seq, status);
CREATE INDEX groups_by_age ON groups (status, oldest_version, seq) WHERE status IN ('open', 'ready');
CREATE INDEX groups_by_update ON groups (consumed_by_update) WHERE consumed_by_update IS NOT NULL;
CREATE INDEX groups_by_lease ON groups (lease_seq) WHERE lease_seq IS NOT NULL;
CREATE INDEX groups_given_back ON groups (seq)
    WHERE status = 'open' AND lease_seq IS NULL AND attempt >= 1 AND member_count < size;

-- Rollouts and verdicts ----------------------------------------------------------------------------------------------

-- AUTOINCREMENT: `seq` is a client's cursor, so a number is never given twice.
CREATE TABLE rollouts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    prompt_seq INTEGER NOT NULL REFERENCES prompts (seq),
    dataset_seq INTEGER NOT NULL REFERENCES datasets (seq),
    group_seq INTEGER NOT NULL REFERENCES groups (seq),
    policy_version INTEGER NOT NULL CHECK (policy_version >= 0),
    content_hash BLOB NOT NULL CHECK (length(content_hash) = 16),
    status TEXT NOT NULL DEFAULT 'queued' CHECK (
        status IN ('queued', 'scoring', 'scored', 'undetermined', 'consumed', 'stale', 'discarded')),
    -- The judges' queue, apart from the status because a consumed rollout can be judged again:
    -- waiting (fresh), again (judged when no fresh one waits), leased, or NULL.
    judging TEXT CHECK (judging IN ('waiting', 'again', 'leased')),
    lease_seq INTEGER REFERENCES leases (seq),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- The verdict that counts, with copies of what listings and updates need.
    verdict_seq INTEGER REFERENCES verdicts (seq),
    outcome TEXT CHECK (outcome IN ('passed', 'failed', 'undetermined')),
    reward REAL,
    advantage REAL,
    consumed_by_update INTEGER REFERENCES updates (version),
    created_at INTEGER NOT NULL,
    CHECK ((outcome IS NULL) = (verdict_seq IS NULL)),
    CHECK (CASE WHEN outcome IN ('passed', 'failed') THEN reward IS NOT NULL ELSE reward IS NULL END),
    -- A CHECK that is NULL passes, so these say IS where a column may be NULL.
    CHECK (status <> 'queued' OR (judging IS 'waiting' AND outcome IS NULL)),
    CHECK (status <> 'scoring' OR (judging IS 'leased' AND outcome IS NULL)),
    CHECK (status <> 'scored' OR outcome IS 'passed' OR outcome IS 'failed'),
    CHECK (status <> 'undetermined' OR outcome IS 'undetermined'),
    CHECK ((judging IS 'leased') = (lease_seq IS NOT NULL)),
    CHECK ((status = 'consumed') = (consumed_by_update IS NOT NULL)),
    CHECK (advantage IS NULL OR status = 'consumed')
) STRICT;
CREATE INDEX rollouts_by_prompt ON rollouts (prompt_seq);
CREATE INDEX rollouts_by_dataset ON rollouts (dataset_seq);
CREATE INDEX rollouts_by_group ON rollouts (group_seq, status);
CREATE INDEX rollouts_by_status ON rollouts (status);
CREATE INDEX rollouts_by_version ON rollouts (policy_version);
CREATE INDEX rollouts_by_judging ON rollouts (judging) WHERE judging IS NOT NULL;
CREATE INDEX rollouts_by_lease ON rollouts (lease_seq) WHERE lease_seq IS NOT NULL;

CREATE TABLE rollout_bodies (
    rollout_seq INTEGER PRIMARY KEY REFERENCES rollouts (seq),
    -- UTF-8 as a blob: a response may hold U+0000, at which SQLite's text functions stop.
    response BLOB NOT NULL,
    -- Little-endian int32 and IEEE 754 binary32, one per token, bit for bit as posted.
    token_ids BLOB NOT NULL,
    logprobs BLOB NOT NULL,
    finish_reason TEXT NOT NULL CHECK (finish_reason IN ('stop', 'length')),
    generator TEXT NOT NULL,
    metadata TEXT NOT NULL,
    CHECK (length(token_ids) = length(logprobs)),
    CHECK (length(token_ids) % 4 = 0)
) STRICT;

CREATE TABLE verdicts (
    seq INTEGER PRIMARY KEY,
    rollout_seq INTEGER NOT NULL REFERENCES rollouts (seq),
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    task_type TEXT NOT NULL CHECK (task_type IN ('math', 'code')),
    outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'failed', 'undetermined')),
    reward REAL,
    failure_code TEXT,
    verdict TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- An undetermined verdict has no reward, and only it has none.
    CHECK ((outcome = 'undetermined') = (reward IS NULL)),
    CHECK ((outcome = 'undetermined') = (failure_code IS NOT NULL))
) STRICT;
CREATE INDEX verdicts_by_rollout ON verdicts (rollout_seq);

-- What may never happen ----------------------------------------------------------------------------------------------

CREATE TRIGGER rollouts_are_consumed_once BEFORE UPDATE OF status, consumed_by_update ON rollouts
    WHEN old.status = 'consumed'
        AND (new.status <> old.status OR new.consumed_by_update IS NOT old.consumed_by_update)
BEGIN SELECT RAISE(ABORT, 'a consumed rollout stays consumed by its update'); END;

CREATE TRIGGER groups_are_consumed_once BEFORE UPDATE OF status, consumed_by_update ON groups
    WHEN old.status = 'consumed'
        AND (new.status <> old.status OR new.consumed_by_update IS NOT old.consumed_by_update)
BEGIN SELECT RAISE(ABORT, 'a consumed group stays consumed by its update'); END;

CREATE TRIGGER verdicts_never_change BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'a verdict never changes; judge again to add one'); END;

CREATE TRIGGER policies_are_contiguous BEFORE INSERT ON policies
    WHEN new.version <> (SELECT coalesce(max(version), -1) + 1 FROM policies)
BEGIN SELECT RAISE(ABORT, 'policy versions rise by one'); END;

-- Tallies: counts that are read often. Only triggers write them, so they cannot drift from the rows. ------------------

CREATE TABLE tallies (
    -- rollouts/STATUS, judging/STATE, groups/STATUS, groups/lacking, groups/leased, verdicts/TASK/OUTCOME,
    -- failures/CODE.
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER prompts_counted AFTER INSERT ON prompts
BEGIN
    UPDATE datasets SET prompt_count = prompt_count + 1 WHERE seq = new.dataset_seq;
END;

CREATE TRIGGER groups_counted AFTER INSERT ON groups
BEGIN
    UPDATE prompts SET group_count = group_count + 1 WHERE seq = new.prompt_seq;
    INSERT INTO tallies VALUES ('groups/' || new.status, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
    INSERT INTO tallies SELECT 'groups/leased', 1 WHERE new.lease_seq IS NOT NULL
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
    INSERT INTO tallies SELECT 'groups/lacking', 1 WHERE new.status = 'open' AND new.member_count < new.size
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER groups_recounted AFTER UPDATE OF status, lease_seq, member_count ON groups
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
END;

CREATE TRIGGER rollouts_counted AFTER INSERT ON rollouts
BEGIN
    INSERT INTO tallies VALUES ('rollouts/' || new.status, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
    INSERT INTO tallies SELECT 'judging/' || new.judging, 1 WHERE new.judging IS NOT NULL
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER rollouts_recounted AFTER UPDATE OF status ON rollouts WHEN old.status <> new.status
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'rollouts/' || old.status;
    INSERT INTO tallies VALUES ('rollouts/' || new.status, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER judging_recounted AFTER UPDATE OF judging ON rollouts WHEN old.judging IS NOT new.judging
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'judging/' || old.judging;
    INSERT INTO tallies SELECT 'judging/' || new.judging, 1 WHERE new.judging IS NOT NULL
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER verdicts_recounted AFTER UPDATE OF verdict_seq ON rollouts WHEN old.verdict_seq IS NOT new.verdict_seq
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name IN (
        SELECT 'verdicts/' || task_type || '/' || outcome FROM verdicts WHERE seq = old.verdict_seq
        UNION ALL SELECT 'failures/' || failure_code FROM verdicts WHERE seq = old.verdict_seq);
    INSERT INTO tallies
        SELECT 'verdicts/' || task_type || '/' || outcome, 1 FROM verdicts WHERE seq = new.verdict_seq
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
    INSERT INTO tallies
        SELECT 'failures/' || failure_code, 1 FROM verdicts WHERE seq = new.verdict_seq AND failure_code IS NOT NULL
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;
