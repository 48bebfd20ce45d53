-- Evaluations of a model on a data set: every sample that was asked for, as it came, so that none is asked for twice.

CREATE TABLE evaluation_runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    -- JSON with every setting in one order: the same settings again are the same run.
    settings TEXT NOT NULL UNIQUE,
    dataset_seq INTEGER NOT NULL REFERENCES datasets (seq),
    -- Prompts that came after this one do not belong to it.
    last_prompt_seq INTEGER NOT NULL REFERENCES prompts (seq),
    problems INTEGER NOT NULL CHECK (problems >= 1),
    -- Seconds of work, over all sessions.
    seconds REAL NOT NULL CHECK (seconds >= 0),
    -- Of its samples: stored, with a verdict, with one that decides nothing.
    sampled INTEGER NOT NULL DEFAULT 0,
    judged INTEGER NOT NULL DEFAULT 0,
    undetermined INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE evaluation_samples (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run_seq INTEGER NOT NULL REFERENCES evaluation_runs (seq),
    prompt_seq INTEGER NOT NULL REFERENCES prompts (seq),
    sample INTEGER NOT NULL CHECK (sample >= 0),
    -- NULL: waits for its verdict.
    outcome TEXT CHECK (outcome IN ('passed', 'failed', 'undetermined')),
    -- The class of an undetermined one.
    failure TEXT,
    extracted TEXT,
    reason TEXT,
    verifier TEXT,
    finish_reason TEXT NOT NULL CHECK (finish_reason IN ('stop', 'length')),
    -- As the model's server counts them; NULL when it does not say.
    prompt_tokens INTEGER CHECK (prompt_tokens >= 0),
    response_tokens INTEGER CHECK (response_tokens >= 0),
    -- From the request to the answer.
    seconds REAL NOT NULL CHECK (seconds >= 0),
    created_at INTEGER NOT NULL,
    UNIQUE (run_seq, prompt_seq, sample),
    CHECK ((failure IS NOT NULL) = (outcome IS 'undetermined')),
    CHECK ((reason IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX evaluation_samples_unjudged ON evaluation_samples (run_seq, seq) WHERE outcome IS NULL;

-- The text of a sample, one Zstandard frame.
CREATE TABLE evaluation_bodies (
    sample_seq INTEGER PRIMARY KEY REFERENCES evaluation_samples (seq),
    text_bytes INTEGER NOT NULL CHECK (text_bytes >= 0),
    body BLOB NOT NULL
) STRICT;

CREATE TRIGGER evaluation_samples_counted AFTER INSERT ON evaluation_samples
BEGIN
    UPDATE evaluation_runs SET sampled = sampled + 1 WHERE seq = new.run_seq;
END;

CREATE TRIGGER evaluation_samples_judged AFTER UPDATE OF outcome ON evaluation_samples WHEN old.outcome IS NOT new.outcome
BEGIN
    UPDATE evaluation_runs SET judged = judged + (new.outcome IS NOT NULL) - (old.outcome IS NOT NULL),
        undetermined = undetermined + (new.outcome IS 'undetermined') - (old.outcome IS 'undetermined')
        WHERE seq = new.run_seq;
END;
