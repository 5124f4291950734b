-- Where a persona was published, for whoever has to take it down.
CREATE TABLE publications (
  persona TEXT NOT NULL REFERENCES personas (name) ON DELETE CASCADE,
  address TEXT NOT NULL,
  version INTEGER NOT NULL,
  public INTEGER NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (persona, address)
) STRICT;
