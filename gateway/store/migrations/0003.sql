-- Visits and events that people announced for a territory and some hours.
CREATE TABLE announcement(
    id BLOB PRIMARY KEY,
    t INTEGER NOT NULL,
    from_t INTEGER NOT NULL,
    until INTEGER NOT NULL,
    territory INTEGER NOT NULL,
    kind TEXT NOT NULL,            -- announced_name
    by TEXT NOT NULL,
    note TEXT NOT NULL,
    removed INTEGER NOT NULL,      -- 0 = not
    removed_by TEXT NOT NULL
) STRICT;
CREATE INDEX announcement_until ON announcement(until);
