-- Silences and the ledger of what was held back, by which rule and whose word.
CREATE TABLE silence(
    id BLOB PRIMARY KEY,
    t INTEGER NOT NULL,
    until INTEGER NOT NULL,
    subject_kind INTEGER NOT NULL, -- enum subject_kind
    subject_no INTEGER NOT NULL,
    family INTEGER NOT NULL,       -- enum family; one past the last = every one
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    removed INTEGER NOT NULL,      -- 0 = not
    removed_by TEXT NOT NULL
) STRICT;
CREATE INDEX silence_until ON silence(until);
CREATE TABLE suppression(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    t INTEGER NOT NULL,
    alert BLOB NOT NULL,
    job_kind INTEGER NOT NULL,     -- enum job_kind
    level INTEGER NOT NULL,        -- enum level
    role INTEGER NOT NULL,         -- enum role
    what TEXT NOT NULL,            -- the prompt, task or receiver
    who TEXT NOT NULL,             -- id of the person; '' = the role as such, or a device
    rule TEXT NOT NULL,            -- suppression_rule_name
    silence BLOB,                  -- NULL: no silence
    by TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX suppression_alert ON suppression(alert);
