-- The most telling tokens of each update that lie beyond the clip range in the direction their advantage pushes: clipping drops
-- their gradient, GPPO keeps it. A few by update, with enough around them to be read without the rollout's body.

CREATE TABLE kept_tokens (
    version INTEGER NOT NULL REFERENCES updates (version),
    -- 0 is the most telling.
    rank INTEGER NOT NULL CHECK (rank >= 0),
    rollout_seq INTEGER NOT NULL REFERENCES rollouts (seq),
    -- In the response, from 0.
    position INTEGER NOT NULL CHECK (position >= 0),
    -- Token ids around it, four bytes each as in rollout_bodies, and its place among them.
    context BLOB NOT NULL CHECK (length(context) >= 4 AND length(context) % 4 = 0),
    place INTEGER NOT NULL CHECK (place >= 0 AND 4 * place < length(context)),
    -- ln p when it was sampled, and under the weights that its step began with.
    behaviour REAL NOT NULL,
    logprob REAL NOT NULL,
    entropy REAL NOT NULL,
    advantage REAL NOT NULL CHECK (advantage <> 0),
    ratio REAL NOT NULL CHECK (ratio >= 0),
    -- 0 where the method drops it.
    gradient REAL NOT NULL,
    PRIMARY KEY (version, rank)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_tokens_by_rollout ON kept_tokens (rollout_seq);
CREATE INDEX evaluations_by_version ON evaluations (version);
