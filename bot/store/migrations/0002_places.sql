-- A space is a server, a group or a private chat, named by its messenger: 'discord:123'. '' is the operator's own.

ALTER TABLE jobs ADD COLUMN space TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN locale TEXT NOT NULL DEFAULT 'en';

-- Where a persona may be seen; one that is the operator's may be seen everywhere.
CREATE TABLE persona_spaces (
  persona TEXT NOT NULL REFERENCES personas (name) ON DELETE CASCADE,
  space TEXT NOT NULL,
  PRIMARY KEY (persona, space)
) STRICT;

INSERT INTO persona_spaces (persona, space) SELECT name, '' FROM personas;

-- The message that shows a job, on the job's messenger; what is still to be told stays open.
CREATE TABLE job_messages (
  job INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (id),
  channel TEXT NOT NULL,
  message TEXT NOT NULL,
  told INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE space_rules (
  space TEXT NOT NULL PRIMARY KEY,
  rules TEXT NOT NULL -- JSON: bot.policy.Rules
) STRICT;

-- How often something was done in a space, on one day (ISO 8601, UTC).
CREATE TABLE usage (
  space TEXT NOT NULL,
  what TEXT NOT NULL,
  day TEXT NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (space, what)
) STRICT;

-- Accounts that must not be imitated.
CREATE TABLE optouts (
  handle TEXT NOT NULL PRIMARY KEY,
  created_at TEXT NOT NULL
) STRICT;

-- What a messenger has been told, such as its list of commands.
CREATE TABLE notes (
  name TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;
