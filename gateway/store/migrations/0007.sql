-- What was said to residents, and campaigns.
-- What the command of a prompt says; the outbox row's body goes when the job is done.
CREATE TABLE spoken(
    job BLOB PRIMARY KEY,
    prompt TEXT NOT NULL,        -- of the catalogue
    language TEXT NOT NULL,
    manner INTEGER NOT NULL,     -- enum command_manner
    named INTEGER NOT NULL,      -- the text with the person's own name
    catalogue TEXT NOT NULL,     -- version
    clip BLOB                    -- SHA-256; NULL: the text only
) STRICT, WITHOUT ROWID;
CREATE TABLE campaign(
    id BLOB PRIMARY KEY,
    t INTEGER NOT NULL,
    by TEXT NOT NULL,
    note TEXT NOT NULL,
    prompt TEXT NOT NULL,
    category TEXT NOT NULL,      -- '' = any
    territory TEXT NOT NULL,     -- '' = anywhere
    listed INTEGER NOT NULL,     -- residents on its list; 0 = no list
    start INTEGER NOT NULL,
    until INTEGER NOT NULL,
    per_minute INTEGER NOT NULL,
    state INTEGER NOT NULL,      -- enum campaign_state
    ended INTEGER NOT NULL,      -- 0 = not
    ended_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_t ON campaign(t);
CREATE TABLE campaign_person(
    campaign BLOB NOT NULL,
    resident INTEGER NOT NULL,
    reach INTEGER NOT NULL,      -- enum reach
    t INTEGER NOT NULL,
    PRIMARY KEY (campaign, resident)
) STRICT, WITHOUT ROWID;
