-- A run that outlives its process: epochs, numbered events, intents, waits,
-- signals, times to wake, callers' keys; long texts as blobs; a checksum in
-- every row.
--
-- row_sum and text_sum are ours (storage/sums.py). Columns stand in them in the
-- order of the dataclasses. Tables whose rows are written in great numbers name
-- no other table: `db check` looks for what points nowhere.

CREATE TABLE blob (
    sha256 TEXT    PRIMARY KEY,
    length INTEGER NOT NULL,
    sum    INTEGER NOT NULL,
    body   BLOB    NOT NULL
) STRICT;

CREATE TABLE plan (
    plan_id TEXT    NOT NULL PRIMARY KEY,
    blob    TEXT,
    sum     INTEGER NOT NULL,
    body    TEXT
) STRICT;

-- What lists and fences read stands first, under a sum of its own.
CREATE TABLE run_2 (
    seq           INTEGER PRIMARY KEY,
    run_id        TEXT    NOT NULL UNIQUE,
    state         TEXT    NOT NULL,
    created_ms    INTEGER NOT NULL,
    started_ms    INTEGER,
    ended_ms      INTEGER,
    epoch         INTEGER NOT NULL,
    priority      INTEGER NOT NULL,
    line_sum      INTEGER NOT NULL,
    objective     TEXT    NOT NULL,
    now           TEXT,
    home_zone     TEXT    NOT NULL,
    deadline_ms   INTEGER,
    left_ms       INTEGER,
    approval      TEXT    NOT NULL,
    parent_id     TEXT,
    root_id       TEXT,
    plan_id       TEXT,
    cancel_reason TEXT,
    is_redacted   INTEGER NOT NULL,
    sum           INTEGER NOT NULL,
    error         TEXT,
    subtasks      TEXT    NOT NULL,
    policy        TEXT    NOT NULL,
    result_blob   TEXT,
    inputs_blob   TEXT,
    result        TEXT,
    inputs        TEXT
) STRICT;

CREATE TABLE trace_2 (
    seq         INTEGER PRIMARY KEY,
    trace_id    TEXT    NOT NULL UNIQUE,
    run_id      TEXT    NOT NULL,
    event_id    INTEGER NOT NULL,
    subtask_id  TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    item_index  INTEGER,
    agent_type  TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    started_ms  INTEGER NOT NULL,
    duration_ms REAL    NOT NULL,
    preview     TEXT    NOT NULL CHECK (length(preview) <= 200),
    error_code  TEXT,
    next_ms     INTEGER,
    ended       TEXT,
    usage       TEXT    NOT NULL,
    input_blob  TEXT,
    output_blob TEXT,
    body_sum    INTEGER NOT NULL,
    sum         INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    UNIQUE (run_id, event_id)
) STRICT;

CREATE TABLE value_2 (
    run_id      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    written_by  TEXT    NOT NULL,
    is_redacted INTEGER NOT NULL,
    blob        TEXT,
    sum         INTEGER NOT NULL,
    value       TEXT,
    PRIMARY KEY (run_id, key)
) STRICT;

CREATE TABLE event (
    run_id   TEXT    NOT NULL,
    event_id INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    data     TEXT    NOT NULL,
    sum      INTEGER NOT NULL,
    PRIMARY KEY (run_id, event_id)
) STRICT, WITHOUT ROWID;

-- item_index: -1 where the subtask has no elements.
CREATE TABLE intent (
    run_id     TEXT    NOT NULL,
    subtask_id TEXT    NOT NULL,
    item_index INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    sum        INTEGER NOT NULL,
    PRIMARY KEY (run_id, subtask_id, item_index, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE wait (
    run_id     TEXT    NOT NULL,
    subtask_id TEXT    NOT NULL,
    item_index INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    until_ms   INTEGER,
    since_ms   INTEGER NOT NULL,
    sum        INTEGER NOT NULL,
    PRIMARY KEY (run_id, subtask_id, item_index, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE signal (
    seq       INTEGER PRIMARY KEY,
    run_id    TEXT    NOT NULL,
    signal_id TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    at_ms     INTEGER NOT NULL,
    taken     INTEGER NOT NULL,
    sum       INTEGER NOT NULL,
    payload   TEXT    NOT NULL,
    UNIQUE (run_id, signal_id)
) STRICT;

CREATE TABLE request_key (
    key         TEXT    NOT NULL PRIMARY KEY,
    fingerprint TEXT    NOT NULL,
    run_id      TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,
    sum         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE wake (
    run_id TEXT    NOT NULL PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    sum    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Nobody goes on with a run of before: its journal tells too little.
UPDATE run SET
    state = 'failed',
    ended_ms = coalesce(
        (SELECT max(started_ms + CAST(duration_ms AS INTEGER)) FROM trace WHERE trace.run_id = run.run_id),
        started_ms,
        created_ms
    ),
    error = '{"code":"run.interrupted","message":"the process that ran it ended before the run did",'
        || '"retryable":false,"where":"","hint":"Its finished traces are kept; start the objective again.","data":{}}'
WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'rejected');

INSERT OR IGNORE INTO plan (plan_id, body, blob, sum)
SELECT name, body, NULL, row_sum(name, text_sum(body), NULL)
FROM (
    SELECT coalesce(CASE WHEN json_valid(plan) THEN json_extract(plan, '$.plan_id') END, run_id) AS name, plan AS body
    FROM run WHERE plan IS NOT NULL ORDER BY seq
);

INSERT INTO run_2
SELECT
    seq, run_id, state, created_ms, started_ms, ended_ms, 1, 0, line_sum, objective, now, home_zone, NULL, NULL,
    'auto',
    NULL, NULL, plan_id, NULL, 0,
    row_sum(
        row_sum(
            run_id, objective, state, now, home_zone, created_ms, started_ms, ended_ms, NULL, 1, 0, 'auto', NULL,
            plan_id, NULL, error, subtasks, policy, text_sum(result), NULL, text_sum(inputs), 0, NULL, NULL, NULL
        ),
        line_sum
    ),
    error, subtasks, policy, NULL, NULL, result, inputs
FROM (
    SELECT
        *,
        row_sum(run_id, objective, state, created_ms, started_ms, ended_ms, 1, 0) AS line_sum,
        CASE WHEN plan IS NOT NULL THEN
            coalesce(CASE WHEN json_valid(plan) THEN json_extract(plan, '$.plan_id') END, run_id)
        END AS plan_id
    FROM run
);

INSERT INTO trace_2
SELECT
    seq, trace_id, run_id, event_id, subtask_id, attempt, item_index, agent_type, status, started_ms, duration_ms,
    preview, error_code, NULL, NULL, '{}', NULL, NULL, text_sum(body),
    row_sum(
        trace_id, run_id, event_id, subtask_id, attempt, item_index, agent_type, status, started_ms, duration_ms,
        preview, error_code, NULL, NULL, '{}', NULL, NULL, text_sum(body)
    ),
    body
FROM (SELECT *, 1 + row_number() OVER (PARTITION BY run_id ORDER BY seq) AS event_id FROM trace);

INSERT INTO value_2
SELECT run_id, key, written_by, 0, NULL, row_sum(run_id, key, written_by, 0, text_sum(value), NULL), value FROM value;

-- The first and the last of a run's events; its traces stand between.
INSERT INTO event
SELECT run_id, 1, 'queued', created_ms, '{}', row_sum(run_id, 1, 'queued', created_ms, text_sum('{}')) FROM run;

INSERT INTO event
SELECT run_id, event_id, state, at_ms, '{}', row_sum(run_id, event_id, state, at_ms, text_sum('{}'))
FROM (
    SELECT
        run_id,
        state,
        coalesce(ended_ms, created_ms) AS at_ms,
        2 + (SELECT count(*) FROM trace WHERE trace.run_id = run.run_id) AS event_id
    FROM run
);

DROP TABLE value;
DROP TABLE trace;
DROP TABLE run;
ALTER TABLE run_2 RENAME TO run;
ALTER TABLE trace_2 RENAME TO trace;
ALTER TABLE value_2 RENAME TO value;

-- (run_id, event_id) also serves "of this run, in order".
CREATE INDEX run_by_state ON run (state);
CREATE INDEX run_unfinished ON run (seq) WHERE state IN ('queued', 'planning', 'running');
CREATE INDEX trace_by_agent ON trace (agent_type);
CREATE INDEX trace_by_status ON trace (status);
CREATE INDEX trace_by_agent_and_status ON trace (agent_type, status);
CREATE INDEX signal_waiting ON signal (run_id) WHERE taken = 0;
CREATE INDEX request_key_by_time ON request_key (at_ms);
CREATE INDEX wake_by_time ON wake (at_ms);
