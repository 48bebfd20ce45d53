-- Pages of a listing under two conditions. A page walks one index from its cursor and stops at its limit; under two conditions
-- that each hold for many rollouts, but together for few, an index of one column is walked to its end. Prompts and groups
-- have few rollouts, so they need none.
CREATE INDEX rollouts_by_dataset_status ON rollouts (dataset_seq, status);
CREATE INDEX rollouts_by_dataset_version ON rollouts (dataset_seq, policy_version);
CREATE INDEX rollouts_by_version_status ON rollouts (policy_version, status);
