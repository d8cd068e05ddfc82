-- Whose a device was, for devices that went from one to another: from the input after `after_n` on, until its next row. A device without a row has always
-- been whose the registry says. Keys of the registry, which stay when a row is removed; NULL = nobody's.
CREATE TABLE worn(
    device INTEGER NOT NULL,
    after_n INTEGER NOT NULL,
    t INTEGER NOT NULL,          -- of that input
    resident TEXT,
    household TEXT,
    PRIMARY KEY (device, after_n)
) STRICT, WITHOUT ROWID;
