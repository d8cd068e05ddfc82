-- The ledger of clues as it is now, for people to look at, and its history; the fold's own state is in
-- `state`.
CREATE TABLE ledger(
    alert BLOB PRIMARY KEY,        -- the alert it came of: its own id too
    state INTEGER NOT NULL,        -- enum ledger_state
    family INTEGER NOT NULL,       -- enum family
    responsible TEXT NOT NULL,
    opened INTEGER NOT NULL,
    due INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    closed INTEGER NOT NULL,       -- 0 = not
    json TEXT NOT NULL             -- ledger_to_json
) STRICT;
CREATE INDEX ledger_due ON ledger(due, alert) WHERE state < 3;
CREATE INDEX ledger_opened ON ledger(opened, alert);
CREATE TABLE ledger_event(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    alert BLOB NOT NULL,
    number INTEGER NOT NULL,
    t INTEGER NOT NULL,
    kind INTEGER NOT NULL,         -- enum ledger_event_kind
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    json TEXT NOT NULL,            -- ledger_to_json as it was then
    UNIQUE(alert, number)
) STRICT;
CREATE INDEX ledger_event_time ON ledger_event(t);
