-- Times are ISO 8601 in UTC. Names are handles, or a blend's handles joined by '-'.

CREATE TABLE personas (
  name TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL, -- the current one: to publish is to move this pointer
  FOREIGN KEY (name, version) REFERENCES versions (persona, number) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE versions (
  persona TEXT NOT NULL REFERENCES personas (name) ON DELETE CASCADE,
  number INTEGER NOT NULL CHECK (number > 0),
  folder TEXT NOT NULL, -- relative to the data folder
  n_bytes INTEGER NOT NULL,
  manifest TEXT NOT NULL, -- JSON: trainer.manifest.Manifest
  created_at TEXT NOT NULL,
  UNIQUE (persona, number)
) STRICT;

-- The manifests' training tables as rows: which persona has whose posts, and from where.
CREATE TABLE provenance (
  persona TEXT NOT NULL,
  version INTEGER NOT NULL,
  handle TEXT NOT NULL,
  source TEXT NOT NULL,
  downloaded INTEGER NOT NULL,
  retweets INTEGER NOT NULL,
  short INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  characters INTEGER NOT NULL,
  PRIMARY KEY (persona, version, handle),
  FOREIGN KEY (persona, version) REFERENCES versions (persona, number) ON DELETE CASCADE
) STRICT;

-- No foreign key to personas: a job comes before its persona, and stays after it as history.
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  persona TEXT NOT NULL,
  accounts TEXT NOT NULL, -- JSON: [{"handle": …, "reference": …}]
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  platform TEXT NOT NULL,
  user TEXT NOT NULL,
  channel TEXT NOT NULL,
  fresh INTEGER NOT NULL DEFAULT 0, -- start over instead of going on from the version before
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  created_at TEXT NOT NULL,
  started_at TEXT, -- the last time
  finished_at TEXT
) STRICT;

CREATE UNIQUE INDEX one_active_job ON jobs (persona) WHERE state IN ('queued', 'running');

CREATE TABLE conversations (
  channel TEXT NOT NULL PRIMARY KEY,
  persona TEXT NOT NULL REFERENCES personas (name) ON DELETE CASCADE
) STRICT;
