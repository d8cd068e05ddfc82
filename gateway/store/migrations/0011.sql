-- What people changed about rosters: who stands in for whom, by whose word.
CREATE TABLE roster_change(
    id BLOB PRIMARY KEY,
    t INTEGER NOT NULL,
    from_t INTEGER NOT NULL,
    until INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,    -- in which they were given; both halves of a swap have the same
    roster TEXT NOT NULL,
    person TEXT NOT NULL,
    instead TEXT NOT NULL,       -- '' = whoever is on
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    removed INTEGER NOT NULL,    -- 0 = not
    removed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_change_until ON roster_change(until);
