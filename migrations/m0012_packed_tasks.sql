-- Long tasks (a contest's tests may be a hundred megabytes) as one Zstandard frame of their JSON, apart from the prompt's body,
-- so that who reads texts or metadata does not read past them. prompt_bodies.task is then the JSON null.

CREATE TABLE packed_tasks (
    prompt_seq INTEGER PRIMARY KEY REFERENCES prompts (seq),
    -- Of the JSON.
    task_bytes INTEGER NOT NULL CHECK (task_bytes > 0),
    body BLOB NOT NULL CHECK (length(body) > 0)
) STRICT;
