-- Tasks as they are now, for people to look at, and their history; the fold's own state is in `state`.
CREATE TABLE task(
    id BLOB PRIMARY KEY,
    alert BLOB NOT NULL,
    kind INTEGER NOT NULL,         -- enum task_kind
    state INTEGER NOT NULL,        -- enum task_state
    role INTEGER NOT NULL,         -- enum role
    assignee TEXT NOT NULL,        -- '' = nobody yet
    opened INTEGER NOT NULL,
    due INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    json TEXT NOT NULL             -- task_to_json
) STRICT;
CREATE INDEX task_open ON task(due, id) WHERE state < 3;
CREATE INDEX task_opened ON task(opened, id);
CREATE INDEX task_alert ON task(alert);
CREATE TABLE task_event(
    id INTEGER PRIMARY KEY,
    commit_id INTEGER NOT NULL,
    task BLOB NOT NULL,
    number INTEGER NOT NULL,
    t INTEGER NOT NULL,
    kind INTEGER NOT NULL,         -- enum task_event_kind
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    UNIQUE(task, number)
) STRICT;
