-- What a county's gateway keeps. Times are milliseconds since 1970 UTC. Residents, devices and so on are registry numbers, which never change their
-- meaning. Columns that hold an enum of the code say which; its values only ever grow at the end (a unit test holds them).

CREATE TABLE meta(
    key TEXT PRIMARY KEY, -- 'county'
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the fold has come; one row.
CREATE TABLE mark(
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_n INTEGER NOT NULL,     -- highest committed input
    t INTEGER NOT NULL,          -- time ran to here
    snapshot_n INTEGER NOT NULL  -- the state tables stand at this input
) STRICT;
INSERT INTO mark VALUES (1, 0, 0, 0);

-- One row for each commit that carried something.
CREATE TABLE commits(
    id INTEGER PRIMARY KEY,
    n INTEGER NOT NULL,          -- highest input when it was made
    t INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL     -- the gateway's own clock just before COMMIT; for `trace` only, never for decisions
) STRICT;
CREATE INDEX commits_n ON commits(n);

-- The input log: append-only. No index beyond n, because a key over (device, lane, epoch, seq) costs five times the insert itself; duplicates are found by
-- the watermarks.
CREATE TABLE input(
    n INTEGER PRIMARY KEY,
    t INTEGER NOT NULL,
    kind INTEGER NOT NULL,       -- enum input_kind
    device INTEGER,              -- of a report or link
    lane INTEGER,                -- enum lane
    epoch INTEGER,
    seq INTEGER,                 -- of the first event
    count INTEGER,               -- events
    blob BLOB NOT NULL           -- input_encode
) STRICT;

-- What a device has told and we have committed: a small row for each device and lane, because hundreds of them change in every commit.
CREATE TABLE watermark(
    key INTEGER PRIMARY KEY,     -- device * 4 + lane
    epoch INTEGER NOT NULL,
    base INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    window BLOB                  -- 256 bits, little-endian words; NULL = none is set
) STRICT;
-- Its epochs before; a device gets a new one when its flash is formatted.
CREATE TABLE watermark_before(
    key INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    base INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    window BLOB,
    PRIMARY KEY (key, epoch)
) STRICT, WITHOUT ROWID;

-- Events [from_seq, to_seq) that a device lost before we had them.
CREATE TABLE gap(
    id INTEGER PRIMARY KEY,
    device INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    t INTEGER NOT NULL
) STRICT;

CREATE TABLE finding(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    n INTEGER NOT NULL,          -- the input, or the last one before the timer that fired
    t INTEGER NOT NULL,
    at INTEGER NOT NULL,
    detector TEXT NOT NULL,
    code TEXT NOT NULL,          -- of the reason
    numbers TEXT NOT NULL,       -- JSON list: what the reason's sentence shows
    subject_kind INTEGER NOT NULL, -- enum subject_kind
    subject_no INTEGER NOT NULL,
    family INTEGER NOT NULL,     -- enum family
    level INTEGER NOT NULL,      -- enum level
    score REAL NOT NULL,
    flags INTEGER NOT NULL,      -- enum finding_flag
    device INTEGER,              -- the first event of its evidence
    lane INTEGER,
    epoch INTEGER,
    seq INTEGER
) STRICT;
CREATE INDEX finding_n ON finding(n);

-- The audit trail: append-only, each row chained to the one before by hash = SHA-256(hash before, row).
CREATE TABLE transition(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    t INTEGER NOT NULL,
    alert BLOB NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,       -- enum transition_kind
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    line TEXT NOT NULL,          -- as replay prints it
    hash BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX transition_alert ON transition(alert, number);
CREATE INDEX transition_n ON transition(n);
CREATE TRIGGER transition_stays BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER transition_stays_too BEFORE DELETE ON transition BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- Alerts as they are now, for people to look at; the fold's own state is in `state`.
CREATE TABLE alert(
    id BLOB PRIMARY KEY,
    opened INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    subject_kind INTEGER NOT NULL, -- enum subject_kind
    subject_no INTEGER NOT NULL,
    family INTEGER NOT NULL,     -- enum family
    level INTEGER NOT NULL,      -- enum level
    state INTEGER NOT NULL,      -- enum alert_state
    acknowledged INTEGER NOT NULL,
    json TEXT NOT NULL           -- alert_to_json
) STRICT;
CREATE INDEX alert_opened ON alert(opened, id);
CREATE INDEX alert_open ON alert(opened, id) WHERE state = 0;
CREATE INDEX alert_subject ON alert(subject_kind, subject_no, opened);

-- What the relays shall send. The body goes when the job is done: it may hold names and addresses.
CREATE TABLE outbox(
    id BLOB PRIMARY KEY,
    alert BLOB NOT NULL,
    commit_id INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    device INTEGER,
    channel INTEGER NOT NULL,    -- enum channel
    job_kind INTEGER NOT NULL,   -- enum job_kind
    level INTEGER NOT NULL,      -- enum level
    role INTEGER NOT NULL,       -- enum role
    target INTEGER NOT NULL,
    target_name TEXT NOT NULL,
    unpersisted INTEGER NOT NULL,
    body BLOB,
    state INTEGER NOT NULL,      -- enum delivery_state
    state_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    done INTEGER NOT NULL        -- its state is final
) STRICT;
CREATE INDEX outbox_waiting ON outbox(created) WHERE done = 0;
CREATE INDEX outbox_alert ON outbox(alert);

CREATE TABLE delivery(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    job BLOB NOT NULL,
    t INTEGER NOT NULL,
    state INTEGER NOT NULL,      -- enum delivery_state
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_job ON delivery(job);

-- The snapshot: all state of the fold at mark.snapshot_n.
CREATE TABLE state_table(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE    -- 'detect.sos', 'alert', …
) STRICT;
CREATE TABLE state(
    tbl INTEGER NOT NULL,
    no INTEGER NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (tbl, no)
) STRICT, WITHOUT ROWID;

-- The registry in force. Personal fields are in the vault and nowhere else.
CREATE TABLE registry_row(
    tbl TEXT NOT NULL,           -- 'residents', …
    number INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    id TEXT NOT NULL,            -- the row's first field: its key, or the first part of it
    fields BLOB NOT NULL,        -- column NUL value NUL …
    PRIMARY KEY (tbl, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX registry_row_id ON registry_row(tbl, id);
CREATE TABLE vault(
    tbl TEXT NOT NULL,
    number INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tbl, number, field)
) STRICT, WITHOUT ROWID;
