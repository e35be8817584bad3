-- What guests keep from call to call, by namespace; it belongs to no run.

CREATE TABLE guest_kv (
    namespace  TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    written_by TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    sum        INTEGER NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT;

-- How much a namespace holds is summed from here, past the values themselves.
CREATE INDEX guest_kv_size ON guest_kv (namespace, size);
