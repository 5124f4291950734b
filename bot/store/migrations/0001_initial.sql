CREATE TABLE personas (
    name TEXT PRIMARY KEY,
    current_version INTEGER REFERENCES versions (id),
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    persona TEXT NOT NULL REFERENCES personas (name) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    folder TEXT NOT NULL,
    n_bytes INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (persona, number)
) STRICT;

-- Where a version's posts came from, and what was kept of them.
CREATE TABLE provenance (
    version INTEGER NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    handle TEXT NOT NULL,
    source TEXT NOT NULL,
    downloaded INTEGER NOT NULL,
    retweets INTEGER NOT NULL,
    short INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    PRIMARY KEY (version, handle)
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    persona TEXT NOT NULL,
    accounts TEXT NOT NULL,  -- JSON: [[handle, reference], ...]
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    platform TEXT NOT NULL,
    user TEXT NOT NULL,
    channel TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;

-- One active job per persona: the second one is refused by the database, whoever asks first.
CREATE UNIQUE INDEX one_active_job ON jobs (persona) WHERE state IN ('queued', 'running');

-- Which persona a channel talks to.
CREATE TABLE conversations (
    channel TEXT PRIMARY KEY,
    persona TEXT NOT NULL REFERENCES personas (name) ON DELETE CASCADE
) STRICT;
