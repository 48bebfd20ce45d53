-- Who may call, whose work waits before the judges, and what was done by whom.

-- A key's row stays when it is revoked: rollouts and the audit log refer to it.
CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY,
    -- The public part of the key's text.
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- BLAKE2b-256 of the secret. The secret is 256 random bits, so a slow hash against guessing would protect nothing.
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    -- Comma-separated, in the order generate, score, train, admin.
    roles TEXT NOT NULL CHECK (length(roles) > 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    -- Within a minute.
    last_used_at INTEGER,
    requests_per_second REAL CHECK (requests_per_second > 0),
    body_bytes_per_day INTEGER CHECK (body_bytes_per_day > 0),
    rollouts_waiting INTEGER CHECK (rollouts_waiting > 0),
    scoring_seconds_per_hour REAL CHECK (scoring_seconds_per_hour > 0),
    weight INTEGER NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100)
) STRICT;

CREATE TRIGGER revoked_keys_stay_revoked BEFORE UPDATE OF revoked_at, secret_hash ON api_keys
    WHEN old.revoked_at IS NOT NULL AND new.revoked_at IS NOT old.revoked_at OR new.secret_hash <> old.secret_hash
BEGIN SELECT RAISE(ABORT, 'a revoked key stays revoked, and no key changes its secret'); END;

CREATE TRIGGER keys_are_kept BEFORE DELETE ON api_keys
BEGIN SELECT RAISE(ABORT, 'a key is revoked, not deleted'); END;

-- Whose turn a rollout's judging takes: a key's seq, 0 without a stored key, -1 for the in-process sampler.
ALTER TABLE rollouts ADD COLUMN key_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX rollouts_by_lane ON rollouts (key_seq) WHERE judging = 'waiting';

-- How many rollouts of each key wait for a judge; kept by triggers.
CREATE TABLE scoring_lanes (
    key_seq INTEGER PRIMARY KEY,
    waiting INTEGER NOT NULL CHECK (waiting >= 0)
) STRICT;
CREATE INDEX scoring_lanes_waiting ON scoring_lanes (key_seq) WHERE waiting > 0;
INSERT INTO scoring_lanes SELECT 0, count(*) FROM rollouts WHERE judging = 'waiting';

CREATE TRIGGER lanes_counted AFTER INSERT ON rollouts WHEN new.judging = 'waiting'
BEGIN
    INSERT INTO scoring_lanes VALUES (new.key_seq, 1) ON CONFLICT (key_seq) DO UPDATE SET waiting = waiting + 1;
END;

CREATE TRIGGER lanes_left AFTER UPDATE OF judging ON rollouts
    WHEN old.judging = 'waiting' AND new.judging IS NOT 'waiting'
BEGIN
    UPDATE scoring_lanes SET waiting = waiting - 1 WHERE key_seq = old.key_seq;
END;

CREATE TRIGGER lanes_joined AFTER UPDATE OF judging ON rollouts
    WHEN old.judging IS NOT 'waiting' AND new.judging = 'waiting'
BEGIN
    INSERT INTO scoring_lanes VALUES (new.key_seq, 1) ON CONFLICT (key_seq) DO UPDATE SET waiting = waiting + 1;
END;

CREATE TRIGGER waiting_deleted AFTER DELETE ON rollouts WHEN old.judging = 'waiting'
BEGIN
    UPDATE scoring_lanes SET waiting = waiting - 1 WHERE key_seq = old.key_seq;
END;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at INTEGER NOT NULL,
    -- A key's id, or configured, loopback, command, service.
    actor TEXT NOT NULL CHECK (length(actor) BETWEEN 1 AND 200),
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 200),
    target TEXT NOT NULL,
    -- A JSON object without secrets.
    detail TEXT NOT NULL,
    request_id TEXT
) STRICT;

CREATE TRIGGER audit_lines_never_change BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

CREATE TRIGGER audit_lines_stay BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
