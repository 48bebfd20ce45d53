-- Leases that a person can see and steer: which work each of them held and how that ended, who works, and groups that
-- clients open by name.

-- Leases -------------------------------------------------------------------------------------------------------------

-- The judge inside the process did not mark its leases; those that a killed process left must still be taken back.
UPDATE leases SET is_local = 1 WHERE ended_at IS NULL AND kind = 'score' AND worker = 'rolloutd-judge';

-- When the worker was last heard of under this lease; NULL: when it was given.
ALTER TABLE leases ADD COLUMN seen_at INTEGER;
-- 1 when a person ended it; its ending is then 'reclaimed'.
ALTER TABLE leases ADD COLUMN is_revoked INTEGER NOT NULL DEFAULT 0 CHECK (is_revoked IN (0, 1));
CREATE INDEX leases_by_worker ON leases (worker, seq);
CREATE INDEX leases_by_kind ON leases (kind, seq);

-- One row for each piece of work in each lease; only triggers write them.
CREATE TABLE lease_items (
    lease_seq INTEGER NOT NULL REFERENCES leases (seq) ON DELETE CASCADE,
    -- The number of a rollout in leases of kind 'score', of a group in those of kind 'generate'.
    item_seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    -- NULL while it is held. done: judged, or complete. retried: judged, but nothing was decided and it is judged again.
    -- withdrawn: taken away while the lease lived. Otherwise how the lease ended.
    outcome TEXT CHECK (
        outcome IN ('done', 'retried', 'withdrawn', 'released', 'expired', 'reclaimed', 'revoked')),
    PRIMARY KEY (lease_seq, item_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_items_by_item ON lease_items (item_seq);

-- Workers: kept beside the leases, so that showing them does not read every lease there ever was ----------------------

CREATE TABLE workers (
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('generate', 'score')),
    -- Leases that are alive, and all there were.
    alive INTEGER NOT NULL CHECK (alive >= 0),
    leases INTEGER NOT NULL CHECK (leases >= 1),
    -- Pieces of work done, and lost: neither done nor given back before the deadline.
    done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
    lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (name, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX workers_by_last_seen ON workers (last_seen);

INSERT INTO workers (name, kind, alive, leases, first_seen, last_seen)
    SELECT worker, kind, sum(ended_at IS NULL), count(*), min(created_at), max(coalesce(ended_at, created_at))
    FROM leases GROUP BY worker, kind;
INSERT INTO lease_items (lease_seq, item_seq, attempt)
    SELECT lease_seq, seq, attempt FROM rollouts WHERE lease_seq IS NOT NULL;
INSERT INTO lease_items (lease_seq, item_seq, attempt)
    SELECT lease_seq, seq, attempt FROM groups WHERE lease_seq IS NOT NULL;

CREATE TRIGGER leases_begin AFTER INSERT ON leases
BEGIN
    INSERT INTO workers (name, kind, alive, leases, first_seen, last_seen)
        VALUES (new.worker, new.kind, 1, 1, new.created_at, new.created_at)
        ON CONFLICT (name, kind) DO UPDATE SET alive = alive + 1, leases = leases + 1,
            last_seen = max(last_seen, new.created_at);
END;

CREATE TRIGGER leases_end AFTER UPDATE OF ended_at ON leases WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL
BEGIN
    UPDATE workers SET alive = alive - 1 WHERE name = new.worker AND kind = new.kind;
END;

CREATE TRIGGER leases_seen AFTER UPDATE OF seen_at ON leases
BEGIN
    UPDATE workers SET last_seen = max(last_seen, new.seen_at) WHERE name = new.worker AND kind = new.kind;
END;

CREATE TRIGGER rollouts_change_hands AFTER UPDATE OF lease_seq ON rollouts WHEN old.lease_seq IS NOT new.lease_seq
BEGIN
    UPDATE lease_items SET outcome = coalesce(
            (SELECT CASE WHEN is_revoked THEN 'revoked' ELSE ending END FROM leases
                WHERE seq = old.lease_seq AND ending <> 'completed'),
            CASE
                WHEN NOT EXISTS (SELECT 1 FROM verdicts WHERE rollout_seq = new.seq AND attempt = old.attempt)
                    THEN 'withdrawn'
                WHEN new.judging IS NULL THEN 'done'
                ELSE 'retried'
            END)
        WHERE lease_seq = old.lease_seq AND item_seq = new.seq;
    INSERT INTO lease_items (lease_seq, item_seq, attempt)
        SELECT new.lease_seq, new.seq, new.attempt WHERE new.lease_seq IS NOT NULL;
END;

CREATE TRIGGER groups_change_hands AFTER UPDATE OF lease_seq ON groups WHEN old.lease_seq IS NOT new.lease_seq
BEGIN
    UPDATE lease_items SET outcome = coalesce(
            (SELECT CASE WHEN is_revoked THEN 'revoked' ELSE ending END FROM leases
                WHERE seq = old.lease_seq AND ending <> 'completed'),
            CASE WHEN new.member_count = new.size THEN 'done' ELSE 'withdrawn' END)
        WHERE lease_seq = old.lease_seq AND item_seq = new.seq;
    INSERT INTO lease_items (lease_seq, item_seq, attempt)
        SELECT new.lease_seq, new.seq, new.attempt WHERE new.lease_seq IS NOT NULL;
END;

CREATE TRIGGER lease_items_counted AFTER UPDATE OF outcome ON lease_items WHEN old.outcome IS NOT new.outcome
BEGIN
    UPDATE workers SET
        done = done + (new.outcome IS 'done') - (old.outcome IS 'done'),
        lost = lost + (coalesce(new.outcome, '') IN ('expired', 'reclaimed'))
            - (coalesce(old.outcome, '') IN ('expired', 'reclaimed'))
    WHERE name = (SELECT worker FROM leases WHERE seq = new.lease_seq)
        AND kind = (SELECT kind FROM leases WHERE seq = new.lease_seq);
END;

-- Groups -------------------------------------------------------------------------------------------------------------

-- 1 when a client opened the group by name: it takes only rollouts that name it, and is not handed out.
ALTER TABLE groups ADD COLUMN is_named INTEGER NOT NULL DEFAULT 0 CHECK (is_named IN (0, 1));
CREATE INDEX groups_by_status ON groups (status, seq);
