-- The chain of transitions runs over the digest of what is personal in a row (by, why, line), so that these can be erased and the chain still holds.
-- Rows from before keep the hash of their time, which covers the texts themselves; an entry 'seal' of `audit`, written with this migration, covers
-- their digests (store/sqlite/chain.c).
ALTER TABLE transition ADD COLUMN digest BLOB;                       -- SHA-256 of salt, by, why and line; never NULL once this migration is done
ALTER TABLE transition ADD COLUMN salt BLOB;                         -- 16 random bytes, so that nobody finds an erased text by guessing; NULL = erased
ALTER TABLE transition ADD COLUMN erased INTEGER NOT NULL DEFAULT 0; -- 1: by, why and line are gone
DROP TRIGGER transition_stays;
CREATE TRIGGER transition_stays BEFORE UPDATE OF id, commit_id, n, t, alert, number, kind, hash ON transition
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER transition_is_only_erased BEFORE UPDATE OF by, why, line, digest, salt, erased ON transition
WHEN old.digest IS NOT NULL AND (new.digest IS NOT old.digest OR new.erased <> 1 OR new.salt IS NOT NULL OR new.by <> '' OR new.why <> '' OR new.line <> '')
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
