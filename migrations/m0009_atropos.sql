-- Groups of sequences that environments post and a trainer takes in batches (the trajectory API of Atropos). Apart from rollouts and
-- their groups: the scores are the environments' own, and nothing here is judged or learned from in this process.

-- The trainer's registration and how far its run is; no row before it has registered.
CREATE TABLE trajectory_run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    wandb_group TEXT NOT NULL,
    wandb_project TEXT NOT NULL,
    -- Sequences of a batch, exactly.
    batch_size INTEGER NOT NULL CHECK (batch_size >= 1),
    max_token_len INTEGER NOT NULL,
    checkpoint_dir TEXT NOT NULL,
    save_checkpoint_interval INTEGER NOT NULL,
    starting_step INTEGER NOT NULL,
    num_steps INTEGER NOT NULL,
    -- The starting step of the first registration and the batches formed since.
    step INTEGER NOT NULL,
    -- 1 when the trainer has asked for a batch; environments wait for that.
    is_started INTEGER NOT NULL CHECK (is_started IN (0, 1)),
    registered_at INTEGER NOT NULL
) STRICT;

-- Numbered from 0 without gaps, as clients know them.
CREATE TABLE trajectory_environments (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    desired_name TEXT NOT NULL,
    real_name TEXT NOT NULL,
    max_token_length INTEGER NOT NULL,
    weight REAL NOT NULL,
    group_size INTEGER NOT NULL CHECK (group_size >= 1),
    -- The share of each batch that it wants at least; NULL: none.
    batch_share REAL CHECK (batch_share BETWEEN 0 AND 1),
    is_connected INTEGER NOT NULL CHECK (is_connected IN (0, 1)),
    registered_at INTEGER NOT NULL
) STRICT;
CREATE INDEX trajectory_environments_by_name ON trajectory_environments (desired_name);

-- A batch is there until it is acknowledged, and then deleted with its groups. No number is given twice, for clients
-- acknowledge by it.
CREATE TABLE trajectory_batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- ready: for the next who asks. handed: being sent. taken: its last byte has gone to the trainer.
    status TEXT NOT NULL CHECK (status IN ('ready', 'handed', 'taken')),
    -- When it is given to another.
    expires_at INTEGER,
    -- How often it was handed out.
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    created_at INTEGER NOT NULL,
    CHECK ((expires_at IS NULL) = (status = 'ready'))
) STRICT;

CREATE TABLE trajectory_groups (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the client said; it may be the number of no environment.
    env_id INTEGER,
    sequences INTEGER NOT NULL CHECK (sequences >= 1),
    -- buffered: waits for others of its environment to be together as large as that said. latest: acknowledged, and kept because it
    -- was the last to enter the queue.
    status TEXT NOT NULL CHECK (status IN ('buffered', 'queued', 'batched', 'latest')),
    -- Its place in the queue, which it keeps in a batch; NULL before it has one.
    place INTEGER UNIQUE,
    batch_seq INTEGER REFERENCES trajectory_batches (seq),
    batch_place INTEGER,
    -- Of its body as stored.
    bytes INTEGER NOT NULL CHECK (bytes >= 1),
    created_at INTEGER NOT NULL,
    CHECK ((place IS NULL) = (status = 'buffered')),
    CHECK ((batch_seq IS NULL) = (status <> 'batched') AND (batch_place IS NULL) = (batch_seq IS NULL))
) STRICT;
-- Forming batches reads nothing but this index.
CREATE INDEX trajectory_groups_by_status ON trajectory_groups (status, place, env_id, sequences);
CREATE INDEX trajectory_groups_by_batch ON trajectory_groups (batch_seq, batch_place) WHERE batch_seq IS NOT NULL;
CREATE INDEX trajectory_groups_buffered ON trajectory_groups (env_id, seq, sequences) WHERE status = 'buffered';

-- The JSON that a trainer is given, one Zstandard frame.
CREATE TABLE trajectory_bodies (
    group_seq INTEGER PRIMARY KEY REFERENCES trajectory_groups (seq) ON DELETE CASCADE,
    text_bytes INTEGER NOT NULL CHECK (text_bytes >= 2),
    body BLOB NOT NULL
) STRICT;

-- Posts whose answer may not have arrived, so that the same request sent again is not stored again. A row goes when its answer was
-- taken, or at its time.
CREATE TABLE trajectory_posts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- BLAKE2b-128 of all its groups.
    digest BLOB NOT NULL CHECK (length(digest) = 16),
    -- The client's own name for the request.
    key TEXT UNIQUE,
    -- What was answered.
    buffered INTEGER NOT NULL CHECK (buffered >= 0),
    buffer_size INTEGER CHECK ((buffer_size IS NULL) = (buffered = 0)),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX trajectory_posts_by_digest ON trajectory_posts (digest);
CREATE INDEX trajectory_posts_by_expiry ON trajectory_posts (expires_at);

CREATE TRIGGER trajectory_groups_counted AFTER INSERT ON trajectory_groups
BEGIN
    INSERT INTO tallies VALUES ('trajectories/' || new.status, 1)
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
    INSERT INTO tallies VALUES ('trajectories/bytes', new.bytes)
        ON CONFLICT (name) DO UPDATE SET count = count + new.bytes;
END;

CREATE TRIGGER trajectory_groups_recounted AFTER UPDATE OF status ON trajectory_groups
    WHEN old.status <> new.status
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'trajectories/' || old.status;
    INSERT INTO tallies VALUES ('trajectories/' || new.status, 1)
        ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER trajectory_groups_uncounted AFTER DELETE ON trajectory_groups
BEGIN
    UPDATE tallies SET count = count - 1 WHERE name = 'trajectories/' || old.status;
    UPDATE tallies SET count = count - old.bytes WHERE name = 'trajectories/bytes';
END;
