-- Roll-outs of a setting to devices: each as it stands, and what happened to it when, by whom and why.
CREATE TABLE rollout(
    id BLOB PRIMARY KEY,
    t INTEGER NOT NULL,
    by TEXT NOT NULL,
    note TEXT NOT NULL,
    interval_s INTEGER NOT NULL,
    stages TEXT NOT NULL,              -- percent: '1,10,50,100'
    acked_permille INTEGER NOT NULL,
    trouble_permille INTEGER NOT NULL,
    watch_s INTEGER NOT NULL,
    per_minute INTEGER NOT NULL,
    territory TEXT NOT NULL,           -- '' = anywhere
    firmware TEXT NOT NULL,            -- '' = any
    state INTEGER NOT NULL,            -- enum rollout_state
    stage INTEGER NOT NULL,            -- from 0
    verdict INTEGER NOT NULL,          -- enum rollout_verdict of the last look
    counts TEXT NOT NULL               -- JSON members of the last look
) STRICT, WITHOUT ROWID;
CREATE INDEX rollout_t ON rollout(t);
CREATE TABLE rollout_event(
    rollout BLOB NOT NULL,
    t INTEGER NOT NULL,
    state INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (rollout, t)
) STRICT, WITHOUT ROWID;
