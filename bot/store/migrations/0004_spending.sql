-- What was bought from a source that costs: `n` pieces at `price` millionths of a dollar each. A row a request.
CREATE TABLE purchases (
  number INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  month TEXT NOT NULL, -- like 2026-11, in UTC
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  price INTEGER NOT NULL
) STRICT;
CREATE INDEX purchases_by_month ON purchases (source, month);
