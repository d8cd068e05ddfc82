-- Handovers of shifts as they are now, for people to look at, and who did what when; the fold's own state is in `state`.
CREATE TABLE handover(
    id BLOB PRIMARY KEY,
    t INTEGER NOT NULL,          -- when it was begun
    state INTEGER NOT NULL,      -- enum handover_state
    due INTEGER NOT NULL,        -- the shift's end
    territory TEXT NOT NULL,     -- its code; '' = the county
    json TEXT NOT NULL           -- handover_to_json
) STRICT, WITHOUT ROWID;
CREATE INDEX handover_t ON handover(t);
CREATE TABLE handover_event(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    handover BLOB NOT NULL,
    number INTEGER NOT NULL,
    t INTEGER NOT NULL,
    kind INTEGER NOT NULL,       -- enum handover_event_kind
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    UNIQUE(handover, number)
) STRICT;
CREATE TRIGGER handover_event_stays BEFORE UPDATE ON handover_event
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
