-- What was done about people's data besides alerts: consents given and withdrawn, erasures, adoptions. Append-only and chained: the hash covers the
-- hash before, the digest of the detail and the newest transition of that moment. A detail may be erased; its digest stays, so the chain still holds.
CREATE TABLE audit(
    id INTEGER PRIMARY KEY,
    t INTEGER NOT NULL,          -- the gateway's own clock
    kind TEXT NOT NULL,          -- 'consent', …
    detail TEXT,                 -- NULL = erased
    digest BLOB NOT NULL,        -- SHA-256 of the detail
    anchor INTEGER NOT NULL,     -- id of the newest transition, 0 = none yet
    hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE OF id, t, kind, digest, anchor, hash ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_only_erased BEFORE UPDATE OF detail ON audit WHEN new.detail IS NOT NULL BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_stays_too BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
