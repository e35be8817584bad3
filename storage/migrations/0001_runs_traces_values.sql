-- A run, its receipts and the context it built.
--
-- Every index of a rowid table ends in the rowid, which is `seq`: an index on
-- (status) already serves "of this status, newest first". `body` stands last,
-- so that a list never walks a long body's overflow pages.

CREATE TABLE run (
    seq        INTEGER PRIMARY KEY,
    run_id     TEXT    NOT NULL UNIQUE,
    objective  TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    now        TEXT,
    home_zone  TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    started_ms INTEGER,
    ended_ms   INTEGER,
    error      TEXT,
    subtasks   TEXT    NOT NULL,
    policy     TEXT    NOT NULL,
    plan       TEXT,
    result     TEXT,
    inputs     TEXT    NOT NULL
) STRICT;

-- One row, written to learn whether writing works.
CREATE TABLE probe (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX run_by_state ON run (state);

CREATE TABLE trace (
    seq         INTEGER PRIMARY KEY,
    trace_id    TEXT    NOT NULL UNIQUE,
    run_id      TEXT    NOT NULL REFERENCES run (run_id),
    subtask_id  TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    item_index  INTEGER,
    agent_type  TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    started_ms  INTEGER NOT NULL,
    duration_ms REAL    NOT NULL,
    preview     TEXT    NOT NULL CHECK (length(preview) <= 200),
    error_code  TEXT,
    body        TEXT    NOT NULL
) STRICT;

CREATE INDEX trace_by_run ON trace (run_id);
CREATE INDEX trace_by_agent ON trace (agent_type);
CREATE INDEX trace_by_status ON trace (status);
CREATE INDEX trace_by_agent_and_status ON trace (agent_type, status);

CREATE TABLE value (
    run_id     TEXT NOT NULL REFERENCES run (run_id),
    key        TEXT NOT NULL,
    written_by TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) STRICT;
