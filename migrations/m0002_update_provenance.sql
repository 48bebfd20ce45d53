-- What an update can be made again from, beside its groups: NULL for updates from before this migration.

-- The hyper-parameters it was made with, as a JSON object by name.
ALTER TABLE updates ADD COLUMN settings TEXT;

-- The digest of the checkpoint that it left; checkpoints are forgotten, this is not.
ALTER TABLE updates ADD COLUMN checkpoint_digest TEXT;

-- The newest verdict that existed when its groups were read: later judgements of consumed rollouts had no part in it.
ALTER TABLE updates ADD COLUMN judged_through INTEGER
    CHECK ((settings IS NULL) = (judged_through IS NULL) AND (settings IS NULL) = (checkpoint_digest IS NULL));
