-- Who carries an evaluation out, whether a server goes on with it by itself, and what a complete one found.

-- 1: a server of this ledger carries it out, after a restart too, until it is complete, fails, or a client stops it.
ALTER TABLE evaluation_runs ADD COLUMN is_wanted INTEGER NOT NULL DEFAULT 0 CHECK (is_wanted IN (0, 1));
-- When that was asked for: they take their turn in this order.
ALTER TABLE evaluation_runs ADD COLUMN wanted_at INTEGER;
-- Samples that the server asks for at a time.
ALTER TABLE evaluation_runs ADD COLUMN concurrency INTEGER NOT NULL DEFAULT 32 CHECK (concurrency >= 1);
-- The process that carries it out now, and until when it has it unless it says again that it still does.
ALTER TABLE evaluation_runs ADD COLUMN holder TEXT;
ALTER TABLE evaluation_runs ADD COLUMN held_until INTEGER CHECK ((held_until IS NULL) = (holder IS NULL));
-- Why it does not go on.
ALTER TABLE evaluation_runs ADD COLUMN fault TEXT;
-- JSON with the accuracies of a complete one, so that lists and curves read no samples; NULL before, and while it is judged again.
ALTER TABLE evaluation_runs ADD COLUMN figures TEXT;

CREATE INDEX evaluation_runs_wanted ON evaluation_runs (wanted_at, seq) WHERE is_wanted = 1;
