-- What a messenger has handed over. `content` (JSON) is there until it has been dealt with; the number stays known for a
-- while, since the messenger may hand it over again. `note`: what was shown for it so far.
CREATE TABLE inbox (
  arrival INTEGER PRIMARY KEY AUTOINCREMENT, -- numbers of updates may begin anew, says Telegram
  number INTEGER NOT NULL UNIQUE,
  content TEXT,
  note TEXT,
  tries INTEGER NOT NULL DEFAULT 0
) STRICT;
