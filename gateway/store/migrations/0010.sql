-- Commands to devices outside any prompt: what was asked of them, by whom, why, on what basis, and how it ended.
CREATE TABLE device_order(
    id BLOB PRIMARY KEY,         -- of the job
    t INTEGER NOT NULL,
    device INTEGER NOT NULL,
    job_kind INTEGER NOT NULL,   -- enum job_kind
    interval_s INTEGER NOT NULL,
    duration_s INTEGER NOT NULL, -- 0 = until told otherwise
    alert BLOB NOT NULL,         -- zeros = none
    basis INTEGER NOT NULL,      -- enum order_basis
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    state INTEGER NOT NULL,      -- enum delivery_state
    changed INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_order_t ON device_order(t);
CREATE INDEX device_order_device ON device_order(device, t);
