-- When a persona last spoke, to the hour: where room is short, what is used least goes first.
ALTER TABLE personas ADD COLUMN used_at TEXT;

-- What the operator has decided about people on messengers, named like 'discord:123'. NULL: as for everybody.
CREATE TABLE users (
  user TEXT NOT NULL PRIMARY KEY,
  blocked INTEGER NOT NULL DEFAULT 0,
  generations_a_day INTEGER,
  trainings_a_day INTEGER
) STRICT;
